import Shop
import Testing

@testable import Kit

@Suite struct DispositionTests {
    struct Unforeseen: Error {}

    private func after(_ error: any Error, attempt: Int = 1, policy: Policy = Policy()) -> Disposition {
        Disposition.after(error, attempt: attempt, policy: policy, ladder: RetryLadder(delays: [1, 5]), chance: 0.9)
    }

    @Test func `the business saying no is an answer`() {
        let problem = Problem(.outOfStock, "none left")
        #expect(self.after(problem) == .reject(problem))
    }

    @Test func `poison is dead at once, whatever the attempt`() {
        #expect(self.after(Poison(.amountMismatch, "12 is not 13")) == .deadLetter(.amountMismatch, "12 is not 13"))
    }

    @Test func `a transient failure climbs the ladder and ends as what it says`() {
        let error = Transient("Stripe 503", exhaustedAs: .attemptsExhausted)
        #expect(self.after(error, attempt: 1) == .retry(afterSeconds: 1, error: "Stripe 503", errorType: .attemptsExhausted))
        #expect(self.after(error, attempt: 2) == .retry(afterSeconds: 5, error: "Stripe 503", errorType: .attemptsExhausted))
        #expect(self.after(error, attempt: 3) == .deadLetter(.attemptsExhausted, "Stripe 503"))
        #expect(self.after(error, attempt: 1, policy: Policy(attempts: 1)) == .deadLetter(.attemptsExhausted, "Stripe 503"))
    }

    @Test func `a handler out of time is tried again, then dead as timed out`() {
        #expect(self.after(TimedOut()) == .retry(afterSeconds: 1, error: "no end within 30.0 seconds", errorType: .timedOut))
        #expect(self.after(TimedOut(), attempt: 3) == .deadLetter(.timedOut, "no end within 30.0 seconds"))
    }

    @Test func `wrong settings are no attempt of the message's`() {
        #expect(self.after(Misconfigured("STRIPE_SECRET_KEY: 401"), attempt: 9) == .wait("STRIPE_SECRET_KEY: 401"))
    }

    @Test func `what nobody foresaw is a bug for a person to look at`() {
        #expect(self.after(Unforeseen()) == .deadLetter(.bug, "Unforeseen()"))
    }
}
