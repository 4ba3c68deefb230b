import Conveyor
import FoundationEssentials
import Hummingbird
import RabbitMQ
import Shop

/// `POST /webhooks/stripe`: queues a Stripe event as it was signed, and answers `200` when the broker has confirmed it. After any other answer
/// Stripe sends it again.
struct StripeWebhook: Sendable {
    static let path = "/api/v1/webhooks/stripe"
    /// Far above Stripe's largest events.
    private static let bodyLimit = 256 * 1024

    private let intake: Intake
    private let signature: StripeSignature
    /// The limit of bad signatures per client: each costs a MAC over the body. Nil if limits are off.
    private let failures: RateLimiter<IPAddress>?

    /// - Throws: if `STRIPE_WEBHOOK_SECRET` is not set, or `STRIPE_PUBLISHABLE_KEY` is malformed, or its mode differs from the secret key's.
    init(intake: Intake, settings: Settings) throws(SettingError) {
        let secrets = settings.list("STRIPE_WEBHOOK_SECRET")
        guard !secrets.isEmpty else { throw SettingError(name: "STRIPE_WEBHOOK_SECRET", reason: "is not set") }
        if settings.isSet("STRIPE_PUBLISHABLE_KEY") { _ = try settings.stripePublishableKey() }
        self.intake = intake
        self.signature = StripeSignature(secrets: secrets)
        self.failures = try settings.bool("RATE_LIMIT") ? RateLimiter(Rate(60, per: 60)) : nil
    }

    func add(to routes: inout Routes) { routes.on(.post, Self.path, self.receive) }

    /// The fields of an event's envelope.
    private struct Head: Decodable {
        var id: String
        var type: String
        /// Unix time.
        var created: Int64

        private enum CodingKeys: CodingKey { case object, id, type, created }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.id = try container.decode(String.self, forKey: .id)
            self.type = try container.decode(String.self, forKey: .type)
            if try container.decodeIfPresent(String.self, forKey: .object) ?? "event" == "event" {
                self.created = try container.decode(Int64.self, forKey: .created)
            } else {
                // A thin event (docs.stripe.com/event-destinations#events-overview), whose time is text. It has no effect, so any time will do.
                let time = (try? container.decode(String.self, forKey: .created)).flatMap(Timestamp.date)
                self.created = Clock.milliseconds(time ?? Date()) / 1000
            }
        }
    }

    @Sendable private func receive(_ request: Request, _ context: IngressContext) async throws -> Response {
        if let standing = self.failures?.standing(of: context.client.network), !standing.isAllowed {
            throw Refusal.tooMany("Too many bad signatures", wait: standing.wait)
        }
        let now = Clock.milliseconds()
        let claim = try StripeSignature.claim(request.headers[.stripeSignature], now: now / 1000)
        let body = try await request.bytes(upTo: Self.bodyLimit)
        do throws(Problem) { try self.signature.verify(claim, of: body) } catch {
            _ = self.failures?.take(context.client.network)
            throw error
        }
        guard let text = String(validating: body, as: UTF8.self) else { throw Problem(.malformedJSON, "The body is not UTF-8.") }
        let head: Head
        do {
            head = try JSON.decode(Head.self, from: body)
            guard try !text.contains(#"\u0000"#) || !JSONElement(body, within: .init(values: Self.bodyLimit, depth: 512)).documentHasNUL else {
                throw Problem(.badRequest, "The event contains the character NUL, which cannot be stored.")
            }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.malformedJSON, "The body is not a Stripe event: \(JSON.explain(error)).")
        }
        guard 1...255 ~= head.id.utf8.count else { throw Problem(.badRequest, "The event has no usable id.") }
        let event = StripeEvent(eventID: head.id, eventType: head.type, created: head.created, body: text)
        // The id comes from the event, not the delivery: however often Stripe sends it, it is the same message.
        let envelope = Envelope(
            messageID: StripeEvent.messageID(head.id), type: StripeEvent.type, actor: "stripe", schema: StripeEvent.schema,
            traceparent: context.trace.traceparent, sentAt: now)
        try await self.intake.publish(try Outgoing(event, envelope: envelope, appID: "ingress"), context)
        return .json(bytes: Array(#"{"received":true}"#.utf8))
    }
}
