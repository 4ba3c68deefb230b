import Conveyor
import Shop

/// What an ingress knows of itself and the others from the beats that all of them hear.
///
/// Each hears its own beats as well, through the same queue as the news of changes: so while it hears them, it has heard all news from before they were
/// sent, and only then it may serve from its cache. A change is told to a client when each of the others has said that it heard of it, or has
/// been silent for so long that it no longer trusts its cache: whichever way the broker or a process fails, nobody reads stale what was told as changed.
struct Peers: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long what was heard holds.
    static let lease = Duration.seconds(3)
    /// Between two beats.
    static let interval = Duration.milliseconds(500)

    private struct Peer {
        var heardAt: Instant
        var number: Int64
        /// The last of our beats that it has heard.
        var hasHeardOfUs: Int64
    }

    /// This process.
    let own: ID
    private var number: Int64 = 0
    /// When our last beats were sent, by number.
    private var sentAt: [Int64: Instant] = [:]
    private var lastHeardOwn: Int64 = 0
    private var freshUntil: Instant?
    private var others: [ID: Peer] = [:]

    init(own: ID) { self.own = own }

    /// Whether all news of changes were heard until a moment ago.
    func isFresh(at now: Instant) -> Bool { self.freshUntil.map { now < $0 } ?? false }

    /// Whether there is another one that can be told something.
    var hasOthers: Bool { !self.others.isEmpty }

    /// The next beat to send.
    mutating func beat(at now: Instant, drops: String? = nil, keys: [String: String]? = nil, leaves: Bool? = nil) -> IngressBeat {
        self.number += 1
        self.sentAt[self.number] = now
        // What was sent so long ago makes nothing fresh any more.
        if self.sentAt.count > 64 { self.sentAt = self.sentAt.filter { now - $0.value < Self.lease } }
        self.others = self.others.filter { now - $0.value.heardAt < Self.lease }
        var heard: [String: Int64] = [:]
        for (id, peer) in self.others { heard[id.description] = peer.number }
        return IngressBeat(ingress: self.own, number: self.number, heard: heard, drops: drops, keys: keys, leaves: leaves)
    }

    /// Takes a beat in.
    mutating func hear(_ beat: IngressBeat, at now: Instant) {
        if beat.ingress == self.own {
            self.lastHeardOwn = max(self.lastHeardOwn, beat.number)
            // From when it was sent: all news from before then came before it.
            if let sentAt = self.sentAt[beat.number] { self.freshUntil = max(self.freshUntil ?? sentAt, sentAt + Self.lease) }
        } else if beat.leaves == true {
            self.others[beat.ingress] = nil
        } else {
            self.others[beat.ingress] = Peer(heardAt: now, number: beat.number, hasHeardOfUs: beat.heard[self.own.description] ?? 0)
        }
    }

    /// The connection through which all is heard is lost: what is said until there is another one is missed.
    mutating func hearNothing() {
        self.freshUntil = nil
        self.sentAt = [:]
    }

    /// When the last of those that have not heard one of our beats stops trusting its cache; nil if all have heard it, or trust it no more.
    /// - Parameter number: the beat's; nil if it could not be sent.
    func silent(about number: Int64?, at now: Instant) -> Instant? {
        let number = number ?? .max
        var until: Instant? = self.lastHeardOwn >= number ? nil : self.freshUntil
        for peer in self.others.values where peer.hasHeardOfUs < number {
            until = max(until ?? peer.heardAt, peer.heardAt + Self.lease)
        }
        return until.flatMap { now < $0 ? $0 : nil }
    }
}
