import Conveyor
import Shop
import Testing

@testable import Ingress

@Suite struct PeersTests {
    private let start = ContinuousClock.now
    private func after(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }
    private static func peers(_ number: UInt64) -> Peers { Peers(own: ID(high: number, low: 0)) }

    @Test func `what was heard holds for the lease from when our own beat was sent, not from when it came back`() {
        var peers = Self.peers(1)
        #expect(!peers.isFresh(at: self.start))
        let beat = peers.beat(at: self.after(0))
        peers.hear(beat, at: self.after(2))
        #expect(peers.isFresh(at: self.after(2.9)))
        #expect(!peers.isFresh(at: self.after(3)))
    }

    @Test func `alone, a change is settled once our own beat came back`() {
        var peers = Self.peers(1)
        peers.hear(peers.beat(at: self.after(0)), at: self.after(0))
        let beat = peers.beat(at: self.after(1), drops: "product")
        #expect(peers.silent(about: beat.number, at: self.after(1)) == self.after(3))
        peers.hear(beat, at: self.after(1.1))
        #expect(peers.silent(about: beat.number, at: self.after(1.1)) == nil)
    }

    @Test func `a change is settled once the others have heard it`() {
        var (one, other) = (Self.peers(1), Self.peers(2))
        let hello = other.beat(at: self.after(0))
        one.hear(hello, at: self.after(0))
        other.hear(hello, at: self.after(0))
        let change = one.beat(at: self.after(1), drops: "user")
        one.hear(change, at: self.after(1))
        #expect(one.silent(about: change.number, at: self.after(1)) == self.after(3))
        other.hear(change, at: self.after(1.2))
        one.hear(other.beat(at: self.after(1.2)), at: self.after(1.3))
        #expect(one.silent(about: change.number, at: self.after(1.3)) == nil)
    }

    @Test func `who stays silent is waited for until it no longer trusts its cache`() {
        var one = Self.peers(1)
        var dead = Self.peers(2)
        one.hear(dead.beat(at: self.after(0)), at: self.after(0))
        let change = one.beat(at: self.after(1), drops: "user")
        one.hear(change, at: self.after(1))
        #expect(one.silent(about: change.number, at: self.after(2.9)) != nil)
        #expect(one.silent(about: change.number, at: self.after(3.1)) == nil)
    }

    @Test func `who says goodbye is not waited for`() {
        var (one, other) = (Self.peers(1), Self.peers(2))
        one.hear(other.beat(at: self.after(0)), at: self.after(0))
        let change = one.beat(at: self.after(1), drops: "user")
        one.hear(change, at: self.after(1))
        one.hear(other.beat(at: self.after(1), leaves: true), at: self.after(1))
        #expect(one.silent(about: change.number, at: self.after(1)) == nil)
    }

    @Test func `a change that could not be said waits for everyone whose beats still come`() {
        var (one, other) = (Self.peers(1), Self.peers(2))
        for second in 0..<10 { one.hear(other.beat(at: self.after(Double(second))), at: self.after(Double(second))) }
        #expect(one.silent(about: nil, at: self.after(9)) == self.after(12))
    }

    @Test func `with the connection goes all that was heard, and beats from before it count no more`() {
        var peers = Self.peers(1)
        let beat = peers.beat(at: self.after(0))
        peers.hear(beat, at: self.after(0))
        peers.hearNothing()
        #expect(!peers.isFresh(at: self.after(0)))
        peers.hear(beat, at: self.after(0))
        #expect(!peers.isFresh(at: self.after(0)))
    }
}
