import ArgumentParser
import Conveyor
import Shop

@main
struct AccountsWorker: AsyncParsableCommand {
    static let configuration = Part.configuration("accounts-worker", "Keeps the accounts: consumes `accounts`.", settings: .plainWorkers, of: .shop)

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await WorkerPart.run(queue: "accounts", of: .shop, options: self.options) { part in
            part.handle(Self.handlers)
        }
    }

    /// The handlers of all consumed messages.
    static var handlers: [any Handler] {
        [
            Register(), UpdateUserProfile(), ChangeUserPassword(), RequestReset(), Reset(), VerifyAddress(), RenewSessionHandler(),
            EndSessionHandler(), EndSessions(), StaffOnly(SetFlags()), Erase(), KeepPushSubscription(), EndPushSubscription(),
        ]
    }
}
