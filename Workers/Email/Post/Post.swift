import Conveyor
import FoundationEssentials
import Logging
import MailTemplates
import Postgres
import Transfer

/// Sends notifications: each (kind, subject) once per channel.
///
/// It sends a notification within the transaction that locks and records it: of two workers with the same one only one sends it, and after a crash
/// the next one does. Only a crash between the provider's answer and the commit can send it twice.
struct Post: Sendable {
    private let mail: MailChannel
    /// nil if it is not configured.
    private let sms: SMSChannel?
    private let pool: PostgresPool
    /// Whether browsers get notifications: `VAPID_PRIVATE_KEY` is set.
    let tellsBrowsers: Bool

    /// A sent notification.
    struct Sent: Sendable {
        var channel: String
        var kind: String
        var outcome: String
        var at: Date
        var microseconds: Int
    }

    /// - Parameter concurrency: the limit of notifications sent at the same time, each over its own connection.
    /// - Throws: `SettingError` for a missing or wrong setting.
    init(settings: Settings, concurrency: Int, logger: Logger) throws {
        self.mail = try MailChannel(settings: settings)
        self.sms = try SMSChannel(settings: settings, logger: logger)
        self.tellsBrowsers = settings.isSet("VAPID_PRIVATE_KEY")
        self.pool = try PostgresPool(
            url: settings.databaseURL(), size: concurrency, applicationName: "email-worker post", statementTimeout: .seconds(30), logger: logger)
    }

    private static let lock: Statement = "select pg_try_advisory_xact_lock(hashtext($1), hashtext($2))"

    /// Sends the notifications that have not been sent.
    /// - Throws: `Transient`, `Poison`, `Misconfigured`.
    func send(_ notices: [Notice]) async throws -> [Sent] {
        var sent: [Sent] = []
        for notice in notices {
            let channel: (any Channel)? =
                switch notice.recipient {
                case .mailbox: self.mail
                case .phone: self.sms
                }
            if let channel, let one = try await self.send(notice, by: channel) { sent.append(one) }
        }
        return sent
    }

    private func send(_ notice: Notice, by channel: any Channel) async throws -> Sent? {
        try await self.pool.transaction { transaction in
            guard try await transaction.query(Self.lock, channel.table, notice.name).decode(Bool.self).first == true else {
                throw Transient("\(notice.name) is being sent by another worker")
            }
            let kind = notice.template.rawValue
            if try await transaction.query(channel.isSent, kind, notice.subject).decode(Bool.self).first == true { return nil }
            let at = Date()
            let started = ContinuousClock.now
            let handover = try await self.deliver(notice, by: channel)
            let took = (ContinuousClock.now - started).components
            if let messageID = handover.messageID {
                transaction.enqueue(channel.insert, kind, notice.subject, notice.recipient.address, messageID, at, notice.userID)
            }
            return Sent(
                channel: channel.name, kind: kind, outcome: handover.outcome, at: at,
                microseconds: Int(took.seconds) * 1_000_000 + Int(took.attoseconds / 1_000_000_000_000))
        }
    }

    private func deliver(_ notice: Notice, by channel: any Channel) async throws -> Handover {
        let started = ContinuousClock.now
        func count(_ outcome: String) {
            let seconds = (ContinuousClock.now - started) / .seconds(1)
            Metrics.call(kind: channel.name, name: notice.template.rawValue, outcome: outcome, seconds: seconds)
        }
        do {
            let handover = try await channel.deliver(notice)
            count(handover.messageID == nil ? "refused" : "succeeded")
            return handover
        } catch {
            if !(error is CancellationError) { count(error is Transient ? "failed" : error is Misconfigured ? "misconfigured" : "refused") }
            throw error
        }
    }
}
