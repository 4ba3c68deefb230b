import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The control API, `/_double`: actions of tests and people that Stripe's protocol does not offer. Parameters are a form or JSON.
struct Control: Sendable {
    let ledger: Ledger
    let sender: WebhookSender
    let faults: FaultBoard
    let log: RequestLog

    func respond(to request: Request, path: [String]) async throws -> Response {
        // Only browsers send Origin: a page of another site must not control the double.
        if request.headers[.origin] != nil { return Response(StripeError(status: 403, message: "The control API is not for pages.")) }
        do throws(StripeError) {
            let form = try await Self.form(of: request)
            var parameters = Parameters(form)
            return Response(json: try await self.answer(request.method, path, &parameters).text)
        } catch {
            return Response(error)
        }
    }

    private func answer(_ method: HTTPRequest.Method, _ path: [String], _ parameters: inout Parameters) async throws(StripeError) -> JSON {
        switch (method, path.first, path.count) {
        case (.get, "health", 1): return ["status": "healthy"]
        case (.get, "requests", 1): return try self.requests(&parameters)
        case (.delete, "requests", 1):
            self.log.clear()
            return [:]
        case (.get, "faults", 1): return ["data": .array(self.faults.all.map(\.json))]
        case (.post, "faults", 1):
            let fault = try Fault(&parameters)
            self.faults.add(fault)
            return fault.json
        case (.delete, "faults", 1), (.delete, "faults", 2):
            self.faults.clear(id: path.count == 2 ? path[1] : nil)
            return [:]
        case (.get, "webhooks", 1): return await self.webhooks()
        case (.post, "webhooks", 1):
            try await self.sender.change(parameters)
            await self.ledger.delivers(self.sender.mode.url != nil)
            return await self.webhooks()
        case (.post, "settings", 1): return try await self.change(&parameters)
        case (.post, "reset", 1):
            self.faults.clear()
            self.log.clear()
            await self.sender.reset()
            await self.ledger.delivers(self.sender.mode.url != nil)
            return try await self.ledger.act(by: nil) { ledger throws(StripeError) in
                ledger.reset()
                return [:]
            }
        case (.post, _, _):
            let act = try Act(path, &parameters)
            return try await self.ledger.act(by: act.isRequest ? .browser : nil, act.work)
        default: throw .unknownURL(method.rawValue, "/_double/" + path.joined(separator: "/"))
        }
    }

    private func requests(_ parameters: inout Parameters) throws(StripeError) -> JSON {
        let method = try parameters.text("method")?.uppercased()
        let path = try parameters.text("path").map(Pattern.init)
        try parameters.refuseUnknown()
        let entries = self.log.entries(method: method, path: path)
        return ["count": .integer(entries.count), "data": .array(entries.map(\.json))]
    }

    private func webhooks() async -> JSON {
        let depth = await self.sender.depth
        guard case .object(var members) = await self.sender.mode.json else { return nil }
        members.append(JSON.Member(name: "waiting", value: .integer(depth.waiting)))
        members.append(JSON.Member(name: "under_way", value: .integer(depth.underWay)))
        return .object(members)
    }

    /// `clock_offset` and `settle_after`, in seconds.
    private func change(_ parameters: inout Parameters) async throws(StripeError) -> JSON {
        let offset = try parameters.seconds("clock_offset")
        let settleAfter = try parameters.seconds("settle_after")
        try parameters.refuseUnknown()
        return await self.ledger.change(clockOffset: offset, settleAfter: settleAfter)
    }

    /// The query, and the body as a form or as JSON.
    private static func form(of request: Request) async throws(StripeError) -> Form {
        guard let body = try? await request.body.collect(upTo: 1 << 20) else { throw StripeError(status: 413, message: "The request is too large.") }
        if body.readableBytes == 0 { return try FormDecoder.decode(request.uri.query ?? "") }
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") ?? false else {
            return try FormDecoder.decode(String(buffer: body))
        }
        guard let form = try? JSONDecoder().decode(JSONForm.self, from: Data(body.readableBytesView)).form, case .table = form else {
            throw .badRequest("The body is not a JSON object.")
        }
        return form
    }
}
