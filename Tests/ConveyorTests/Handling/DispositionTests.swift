import Shop
import Testing

@testable import Conveyor
@testable import Postgres

@Suite struct DispositionTests {
    struct Unforeseen: Error {}

    private func after(_ error: any Error, attempt: Int = 1, policy: Policy = Policy()) -> Disposition {
        Disposition.after(error, attempt: attempt, policy: policy, ladder: RetryLadder(delays: [1, 5]), chance: 0.9)
    }

    @Test func `a rejection is an answer`() {
        let problem = Problem(.outOfStock, "none left")
        #expect(self.after(problem) == .reject(problem))
    }

    @Test func `poison is dead at once, at any attempt`() {
        #expect(self.after(Poison(.amountMismatch, "12 is not 13")) == .deadLetter(.amountMismatch, "12 is not 13"))
    }

    @Test func `a transient failure is retried by the schedule, and ends as its own error type`() {
        let error = Transient("Stripe 503", exhaustedAs: .attemptsExhausted)
        #expect(self.after(error, attempt: 1) == .retry(afterSeconds: 1, error: "Stripe 503", errorType: .attemptsExhausted))
        #expect(self.after(error, attempt: 2) == .retry(afterSeconds: 5, error: "Stripe 503", errorType: .attemptsExhausted))
        #expect(self.after(error, attempt: 3) == .deadLetter(.attemptsExhausted, "Stripe 503"))
        #expect(self.after(error, attempt: 1, policy: Policy(attempts: 1)) == .deadLetter(.attemptsExhausted, "Stripe 503"))
    }

    @Test func `a handler that exceeds its time is retried, then dead as timed out`() {
        #expect(self.after(TimedOut()) == .retry(afterSeconds: 1, error: "no end within 30.0 seconds", errorType: .timedOut))
        #expect(self.after(TimedOut(), attempt: 3) == .deadLetter(.timedOut, "no end within 30.0 seconds"))
    }

    @Test func `wrong settings hold back the type, and count no attempt`() {
        #expect(self.after(Misconfigured("STRIPE_SECRET_KEY: 401"), attempt: 9) == .hold("STRIPE_SECRET_KEY: 401"))
    }

    private func server(_ state: String) -> PostgresError { PostgresError(.server, "no", sqlState: SQLState(rawValue: state)) }

    @Test(arguments: ["42P01", "42703", "42501", "42883", "3F000"])
    func `a missing table, column or right holds back the type`(state: String) {
        for count in [1, 128] {
            let disposition = Disposition.after(
                self.server(state), of: count, attempt: 9, policy: Policy(attempts: 1), ladder: RetryLadder(delays: [1, 5]), chance: 0.9)
            guard case .hold = disposition else {
                Issue.record("\(disposition)")
                continue
            }
        }
    }

    @Test(arguments: ["53100", "53300", "57P01", "57P03", "25006"])
    func `while the database is away or full all messages wait`(state: String) {
        #expect(self.after(self.server(state), attempt: 9) == .wait("server \(state): no"))
    }

    @Test func `a transaction that is too large is split, and a single too large message waits`() {
        let policy = Policy()
        let ladder = RetryLadder.standard
        #expect(Disposition.after(self.server("53200"), of: 2, attempt: 1, policy: policy, ladder: ladder, chance: 0) == .split)
        #expect(Disposition.after(self.server("53200"), of: 1, attempt: 1, policy: policy, ladder: ladder, chance: 0) == .wait("server 53200: no"))
    }

    @Test(arguments: ["57014", "55P03", "58030"])
    func `a delayed message is retried, and never dead for the delay`(state: String) {
        let error = self.server(state)
        func retry(_ seconds: Int, counts: Bool = true) -> Disposition {
            .retry(afterSeconds: seconds, error: "server \(state): no", errorType: .timedOut, counts: counts)
        }
        #expect(self.after(error, attempt: 1) == retry(1))
        #expect(self.after(error, attempt: 2) == retry(5))
        for attempt in [3, 4, 100, Int.max] { #expect(self.after(error, attempt: attempt) == retry(5, counts: false)) }
        #expect(self.after(error, attempt: 1, policy: Policy(attempts: 1)) == retry(1, counts: false))
    }

    @Test func `a call that ended on our side, and a handler that waited for the database, are retried as well`() {
        let errors: [any Error] = [PostgresError(.timedOut, "late"), TimedOut(interrupted: PostgresError(.cancelled, "cancelled"))]
        for error in errors {
            for attempt in [1, 3, 100] {
                let disposition = self.after(error, attempt: attempt)
                guard case .retry(_, _, .timedOut, let counts) = disposition else {
                    Issue.record("\(disposition)")
                    continue
                }
                #expect(counts == (attempt < 3))
            }
        }
    }

    @Test func `a transaction conflict is retried at once`() {
        for state in ["40001", "40P01"] { #expect(self.after(self.server(state), attempt: 9) == .again) }
    }

    @Test(arguments: ["23505", "22003", "22021"])
    func `a database error about the message's own values is a bug for a person`(state: String) {
        #expect(self.after(self.server(state)) == .deadLetter(.bug, "server \(state): no"))
    }

    @Test func `messages that failed together are handled one by one`() {
        let errors: [any Error] = [Problem(.outOfStock, ""), Poison(.bug, ""), Transient(""), TimedOut(), Unforeseen(), self.server("57014")]
        for error in errors {
            #expect(Disposition.after(error, of: 2, attempt: 1, policy: Policy(), ladder: .standard, chance: 0) == .split)
        }
    }

    @Test func `an unexpected error is a bug for a person`() {
        #expect(self.after(Unforeseen()) == .deadLetter(.bug, "Unforeseen()"))
    }
}
