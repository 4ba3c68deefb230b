import Conveyor
import Shop

/// The state of this ingress and the others, from the heartbeats ("beats") that all of them receive.
///
/// Each ingress receives its own beats through the same queue as the changes. While they arrive, it has received all earlier changes, and only
/// then it may serve from its cache. A client learns of a change when every other ingress has confirmed a beat sent after the change, or has been
/// silent long enough to distrust its own cache. So whatever fails, no client reads stale data after that.
struct Peers: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The time for which a received heartbeat keeps the cache valid.
    static let lease = Duration.seconds(3)
    /// The interval between two heartbeats.
    static let interval = Duration.milliseconds(500)

    private struct Peer {
        var heardAt: Instant
        var number: Int64
        /// The last of our beats that the peer has received.
        var hasHeardOfUs: Int64
    }

    /// The id of this process.
    let own: ID
    private var number: Int64 = 0
    /// When our latest beats were sent, by number.
    private var sentAt: [Int64: Instant] = [:]
    private var lastHeardOwn: Int64 = 0
    private var freshUntil: Instant?
    private var others: [ID: Peer] = [:]

    init(own: ID) { self.own = own }

    /// Whether all changes up to a moment ago have been received.
    func isFresh(at now: Instant) -> Bool { self.freshUntil.map { now < $0 } ?? false }

    /// Whether there are other ingresses.
    var hasOthers: Bool { !self.others.isEmpty }

    /// The next beat to send.
    mutating func beat(at now: Instant, drops: String? = nil, keys: [String: String]? = nil, leaves: Bool? = nil) -> IngressBeat {
        self.number += 1
        self.sentAt[self.number] = now
        // Beats older than this no longer make the cache valid.
        if self.sentAt.count > 64 { self.sentAt = self.sentAt.filter { now - $0.value < Self.lease } }
        self.others = self.others.filter { now - $0.value.heardAt < Self.lease }
        var heard: [String: Int64] = [:]
        for (id, peer) in self.others { heard[id.description] = peer.number }
        return IngressBeat(ingress: self.own, number: self.number, heard: heard, drops: drops, keys: keys, leaves: leaves)
    }

    /// Handles a received beat.
    mutating func hear(_ beat: IngressBeat, at now: Instant) {
        if beat.ingress == self.own {
            self.lastHeardOwn = max(self.lastHeardOwn, beat.number)
            // Valid from the time of sending: all earlier changes came before it.
            if let sentAt = self.sentAt[beat.number] { self.freshUntil = max(self.freshUntil ?? sentAt, sentAt + Self.lease) }
        } else if beat.leaves == true {
            self.others[beat.ingress] = nil
        } else {
            self.others[beat.ingress] = Peer(heardAt: now, number: beat.number, hasHeardOfUs: beat.heard[self.own.description] ?? 0)
        }
    }

    /// The connection is lost: changes until the next connection are missed.
    mutating func hearNothing() {
        self.freshUntil = nil
        self.sentAt = [:]
    }

    /// When the last peer that has not received one of our beats stops trusting its cache; nil if none is left.
    /// - Parameter number: the beat's number; nil if it could not be sent.
    func silent(about number: Int64?, at now: Instant) -> Instant? {
        let number = number ?? .max
        var until: Instant? = self.lastHeardOwn >= number ? nil : self.freshUntil
        for peer in self.others.values where peer.hasHeardOfUs < number {
            until = max(until ?? peer.heardAt, peer.heardAt + Self.lease)
        }
        return until.flatMap { now < $0 ? $0 : nil }
    }
}
