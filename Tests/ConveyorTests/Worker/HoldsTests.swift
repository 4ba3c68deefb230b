import Testing

@testable import Conveyor

@Suite struct HoldsTests {
    @Test func `messages of a held type return untried, except one batch every two seconds, until one is handled`() {
        let changes = Seen<String>()
        let holds = Holds { type, reason in changes.add("\(type): \(reason ?? "released")") }
        let now = ContinuousClock.now
        #expect(!holds.isHeld("a", now: now))
        holds.hold("a", "a key is refused", now: now)
        holds.hold("a", "a key is refused", now: now + .seconds(1))
        #expect(holds.reason == "a key is refused")
        #expect(!holds.isHeld("b", now: now + .seconds(1)))
        #expect(holds.isHeld("a", now: now + .seconds(2)))
        #expect(!holds.isHeld("a", now: now + .seconds(3)))
        // That batch is still in progress.
        #expect(holds.isHeld("a", now: now + .seconds(4)))
        #expect(holds.heldFor("a", now: now + .seconds(9)) == .seconds(9))
        holds.release("a")
        holds.release("a")
        #expect(!holds.isHeld("a", now: now + .seconds(4)))
        #expect(holds.reason == nil)
        #expect(changes.all == ["a: a key is refused", "a: released"])
    }
}
