/// `numeric` as its binary form has it: digits of base 10,000 (`numeric_send` in numeric.c).
struct Numeric {
    /// The value in decimal, as `numeric_out` writes it, e.g. `-12.50`, `NaN`, `Infinity`.
    let text: String

    init(_ bytes: RawSpan) throws(DecodingFailure) {
        var offset = 0
        let count = try bytes.integer(at: &offset, as: Int16.self)
        let weight = try bytes.integer(at: &offset, as: Int16.self)
        let sign = try bytes.integer(at: &offset, as: UInt16.self)
        let scale = try bytes.integer(at: &offset, as: UInt16.self)
        guard count >= 0 else { throw .malformed }
        var digits: [Int16] = []
        for _ in 0..<count { digits.append(try bytes.integer(at: &offset)) }

        var text: String
        switch sign {
        case 0x0000: text = ""
        case 0x4000: text = "-"
        case 0xC000: self.text = "NaN"; return
        case 0xD000: self.text = "Infinity"; return
        case 0xF000: self.text = "-Infinity"; return
        default: throw .malformed
        }
        // digits[i] stands for digits[i] * 10,000^(weight - i).
        func group(_ power: Int) -> Int {
            let index = Int(weight) - power
            return digits.indices.contains(index) ? Int(digits[index]) : 0
        }
        func padded(_ group: Int) -> String {
            let text = String(group)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        text += String(group(max(Int(weight), 0)))
        if weight > 0 { for power in stride(from: Int(weight) - 1, through: 0, by: -1) { text += padded(group(power)) } }
        if scale > 0 {
            var fraction = ""
            var power = -1
            while fraction.utf8.count < Int(scale) {
                fraction += padded(group(power))
                power -= 1
            }
            text += "." + fraction.prefix(Int(scale))
        }
        self.text = text
    }
}
