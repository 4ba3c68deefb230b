import Conveyor
import Fixtures
import Testing
import Transfer

extension FaultTests {
    /// Faults of Stripe and the mail server.
    @Suite struct Outside {
        private static let faultsOfStripe = [
            ("Stripe's answers lost", "kind=answer_lost"), ("Stripe down", "kind=connection_refused"),
            ("Stripe answers 429", "kind=status&status=429"), ("Stripe answers 500", "kind=status&status=500"),
        ]

        @Test(arguments: FaultTests.some(Self.faultsOfStripe, of: 2))
        func `Stripe fails eight times`(name: String, fault: String) async throws {
            struct Faults: Decodable {
                struct Fault: Decodable {
                    let hits: Int
                }
                let data: [Fault]
            }
            try await RunningSystem.shared().suffer(
                name, prepare: { try await $0.stripe.send(.post, "/_double/faults", "\(fault)&method=POST&path=/v1/payment_intents&count=8") }
            ) { system in
                try await eventually("it has failed eight times", within: .seconds(120), every: .milliseconds(100)) {
                    let faults: Faults = try JSON.decode(from: try await system.stripe.send(.get, "/_double/faults"))
                    return faults.data.map(\.hits) == [8]
                }
                try await system.stripe.send(.delete, "/_double/faults")
            }
        }

        @Test(arguments: FaultTests.some(["cut", "rcpt-451", "data-451"]))
        func `the mail server refuses temporarily, or cuts the connection after the data`(
            fault: String
        ) async throws {
            try await RunningSystem.shared().suffer("SMTP \(fault)", prepare: { try $0.mail.setFaults("\(fault) 6") }) { system in
                try await eventually("the faults are used up", within: .seconds(120), every: .milliseconds(100)) { try system.mail.faults.isEmpty }
            }
        }

        @Test func `the mail server refuses for good, and an operator replays`() async throws {
            try await RunningSystem.shared().suffer("SMTP rcpt-550, replayed", prepare: { try $0.mail.setFaults("rcpt-550 6") }) { system in
                let group = try await eventualValue("six dead letters", within: .seconds(120), every: .milliseconds(100)) {
                    let groups = try await system.database.psql(
                        "select \"group\" from dead_letters where status = 'open' and error_type = 'refused_by_smtp' group by 1 having count(*) = 6")
                    return groups.first?.first ?? nil
                }
                try await system.conveyor("dead", "replay", "--group", group)
                try await eventually("their letters are sent", within: .seconds(120), every: .milliseconds(100)) {
                    let unsent = """
                        select from dead_letters d where d.error_type = 'refused_by_smtp'
                            and not exists (select from inbox i where i.message_id = d.message_id and i.consumer = 'email')
                        """
                    return try await system.database.psql(unsent).isEmpty
                }
            }
        }
    }
}
