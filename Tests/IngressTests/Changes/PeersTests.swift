import Conveyor
import Shop
import Testing

@testable import Ingress

@Suite struct PeersTests {
    private let start = ContinuousClock.now
    private func after(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }
    private static func peers(_ number: UInt64) -> Peers { Peers(own: ID(high: number, low: 0)) }

    @Test func `a received beat holds for the lease from its sending, not from its arrival`() {
        var peers = Self.peers(1)
        #expect(!peers.isFresh(at: self.start))
        let beat = peers.beat(at: self.after(0))
        peers.hear(beat, at: self.after(2))
        #expect(peers.isFresh(at: self.after(2.9)))
        #expect(!peers.isFresh(at: self.after(3)))
    }

    @Test func `alone, a change is settled when our own beat arrives`() {
        var peers = Self.peers(1)
        peers.hear(peers.beat(at: self.after(0)), at: self.after(0))
        let beat = peers.beat(at: self.after(1), drops: "product")
        #expect(peers.silent(about: beat.number, at: self.after(1)) == self.after(3))
        peers.hear(beat, at: self.after(1.1))
        #expect(peers.silent(about: beat.number, at: self.after(1.1)) == nil)
    }

    @Test func `a change is settled when the others have confirmed it`() {
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

    @Test func `a silent peer is awaited until it no longer trusts its cache`() {
        var one = Self.peers(1)
        var dead = Self.peers(2)
        one.hear(dead.beat(at: self.after(0)), at: self.after(0))
        let change = one.beat(at: self.after(1), drops: "user")
        one.hear(change, at: self.after(1))
        #expect(one.silent(about: change.number, at: self.after(2.9)) != nil)
        #expect(one.silent(about: change.number, at: self.after(3.1)) == nil)
    }

    @Test func `a peer that announced its stop is not awaited`() {
        var (one, other) = (Self.peers(1), Self.peers(2))
        one.hear(other.beat(at: self.after(0)), at: self.after(0))
        let change = one.beat(at: self.after(1), drops: "user")
        one.hear(change, at: self.after(1))
        one.hear(other.beat(at: self.after(1), leaves: true), at: self.after(1))
        #expect(one.silent(about: change.number, at: self.after(1)) == nil)
    }

    @Test func `a change that could not be sent waits for all peers whose beats still arrive`() {
        var (one, other) = (Self.peers(1), Self.peers(2))
        for second in 0..<10 { one.hear(other.beat(at: self.after(Double(second))), at: self.after(Double(second))) }
        #expect(one.silent(about: nil, at: self.after(9)) == self.after(12))
    }

    @Test func `a lost connection makes the cache stale, and earlier beats no longer count`() {
        var peers = Self.peers(1)
        let beat = peers.beat(at: self.after(0))
        peers.hear(beat, at: self.after(0))
        peers.hearNothing()
        #expect(!peers.isFresh(at: self.after(0)))
        peers.hear(beat, at: self.after(0))
        #expect(!peers.isFresh(at: self.after(0)))
    }
}
