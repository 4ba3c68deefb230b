/// A random number generator with a seed (SplitMix64, https://doi.org/10.1145/2714064.2660195), for inputs that are random and
/// reproducible.
public struct Seeded: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator with a seed.
    public init(seed: UInt64) { self.state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var bits = self.state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}
