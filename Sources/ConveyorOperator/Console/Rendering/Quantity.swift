/// Numbers and durations in a readable form.
public enum Quantity {
    /// `1,234,567`
    public static func count(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `1 letter`, `2 letters`
    public static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        "\(self.count(number)) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// A rate in messages per second: `0`, `0.4`, `12`, `1,234`.
    public static func rate(_ rate: Double) -> String {
        guard rate.isFinite, rate >= 0.05 else { return "0" }
        return rate < 9.95 ? self.decimal(rate, places: 1) : self.count(self.whole(rate))
    }

    /// A duration with a suitable unit: `250 µs`, `1.5 ms`, `42 s`, `5 min`, `3 h 20 min`, `2 d`.
    public static func span(milliseconds: Double) -> String {
        switch milliseconds {
        // A row may contain any time, also `infinity`.
        case _ where !milliseconds.isFinite: "–"
        case ..<0: "0 ms"
        case ..<1: "\(self.whole(milliseconds * 1000)) µs"
        case ..<10: "\(self.decimal(milliseconds, places: 1)) ms"
        case ..<1000: "\(self.whole(milliseconds)) ms"
        case ..<10_000: "\(self.decimal(milliseconds / 1000, places: 1)) s"
        default: self.span(seconds: self.whole(milliseconds / 1000))
        }
    }

    /// `42 s`, `5 min`, `3 h 20 min`, `2 d 4 h`
    public static func span(seconds: Int) -> String {
        switch seconds {
        case ..<0: "0 s"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h" + (seconds / 60 % 60 > 0 ? " \(seconds / 60 % 60) min" : "")
        default: "\(self.count(seconds / 86_400)) d" + (seconds / 3600 % 24 > 0 ? " \(seconds / 3600 % 24) h" : "")
        }
    }

    /// `512 bytes`, `1.5 KiB`, `1.0 MiB`
    public static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1024: self.count(bytes, "byte")
        case ..<(1 << 20): "\(self.decimal(Double(bytes) / 1024, places: 1)) KiB"
        default: "\(self.decimal(Double(bytes) / Double(1 << 20), places: 1)) MiB"
        }
    }

    /// The nearest integer. Measured and sent values may be anything: they are clamped to 10¹⁵, and NaN becomes 0.
    static func whole(_ value: Double) -> Int { value.isNaN ? 0 : Int(min(max(value, -1e15), 1e15).rounded()) }

    static func decimal(_ value: Double, places: Int) -> String {
        var unit = 1
        for _ in 0..<places { unit *= 10 }
        let scaled = self.whole(value.magnitude * Double(unit))
        let fraction = String(scaled % unit)
        let sign = value < 0 && scaled > 0 ? "−" : ""
        return places == 0
            ? "\(sign)\(scaled)"
            : "\(sign)\(self.count(scaled / unit)).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }
}
