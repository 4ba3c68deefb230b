import Synchronization

/// A position in a trace: the ids of a `traceparent` (https://www.w3.org/TR/trace-context-2/#traceparent-header).
///
///     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
public struct TraceContext: Sendable, Hashable {
    /// The first 8 bytes of the trace id.
    public let traceHigh: UInt64
    /// Its last 8 bytes, which are random.
    public let traceLow: UInt64
    /// The span's id; never 0.
    public let spanID: UInt64
    /// Whether it is recorded: the beginning of the trace decides, and all later spans follow.
    public let isSampled: Bool

    init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The root of a new trace.
    /// - Parameter share: the share of traces to record, 0 to 1.
    static func root(share: Double) -> TraceContext {
        let low = Self.random()
        return TraceContext(traceHigh: Self.random(), traceLow: low, spanID: Self.random(), isSampled: Self.isWithin(share, low))
    }

    /// A new span in the same trace.
    func next() -> TraceContext {
        TraceContext(traceHigh: self.traceHigh, traceLow: self.traceLow, spanID: Self.random(), isSampled: self.isSampled)
    }

    /// The same position, with the decision about recording made anew, by bits that the trace's creator could not choose.
    func sampledAnew(share: Double) -> TraceContext {
        TraceContext(
            traceHigh: self.traceHigh, traceLow: self.traceLow, spanID: self.spanID, isSampled: Self.isWithin(share, Self.random()))
    }

    /// Whether the trace belongs to a share of all traces. All processes get the same answer for the same trace and share, and a
    /// smaller share is part of a larger one.
    func isWithin(_ share: Double) -> Bool { Self.isWithin(share, self.traceLow) }

    /// By the 56 bits that are random in any trace id (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag).
    private static func isWithin(_ share: Double, _ low: UInt64) -> Bool { Double(low & 0xff_ffff_ffff_ffff) < share * 0x1p56 }

    private static let counter = Atomic<UInt64>(UInt64.random(in: 0 ... .max))

    /// Bits for a unique, evenly distributed id, which need not be hard to guess; never 0.
    ///
    /// SplitMix64 (https://doi.org/10.1145/2714064.2660195), shared by all threads. A system call per id would cost more than all the rest.
    public static func random() -> UInt64 {
        while true {
            var bits = self.counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
            bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
            bits ^= bits >> 31
            if bits != 0 { return bits }
        }
    }
}

extension TraceContext {
    /// Parses the value of a `traceparent`; nil if it must be ignored. Of a version after `00` the known part is read.
    public init?(traceparent: String) {
        var text = traceparent
        let parsed: TraceContext? = text.withUTF8 { bytes in
            guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
                let version = Self.number(bytes[0..<2]), version != 0xff, bytes.count == 55 || version > 0 && bytes[55] == Self.dash,
                let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
                let spanID = Self.number(bytes[36..<52]), spanID != 0, let flags = Self.number(bytes[53..<55])
            else { return nil }
            return TraceContext(traceHigh: high, traceLow: low, spanID: spanID, isSampled: flags & 1 == 1)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The value of a `traceparent`: 55 characters.
    public var traceparent: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            buffer.initialize(repeating: UInt8(ascii: "0"))
            (buffer[2], buffer[35], buffer[52]) = (Self.dash, Self.dash, Self.dash)
            Self.write(self.traceHigh, to: buffer[3..<19])
            Self.write(self.traceLow, to: buffer[19..<35])
            Self.write(self.spanID, to: buffer[36..<52])
            if self.isSampled { buffer[54] = UInt8(ascii: "1") }
            return 55
        }
    }

    /// The trace's id as 32 digits.
    public var traceID: String { Self.hexadecimal(self.traceHigh) + Self.hexadecimal(self.traceLow) }

    /// The id of a span, or half of a trace id, as 16 digits.
    public static func hexadecimal(_ id: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            Self.write(id, to: buffer[0..<16])
            return 16
        }
    }

    private static let dash = UInt8(ascii: "-")

    /// Lower case only, as the standard requires.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit &- UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit &- UInt8(ascii: "a") &+ 10)
            default: return nil
            }
        }
        return number
    }

    private static func write(_ number: UInt64, to digits: Slice<UnsafeMutableBufferPointer<UInt8>>) {
        var digits = digits
        for (index, shift) in zip(digits.indices, stride(from: 60, through: 0, by: -4)) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 0xf
            digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
        }
    }
}
