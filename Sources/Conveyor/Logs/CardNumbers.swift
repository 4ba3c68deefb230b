/// Payment card numbers in a text: 13 to 19 digits, possibly in groups separated by spaces or dashes, with a valid check digit (ISO/IEC 7812-1).
enum CardNumbers {
    static let length = 13...19

    /// The text with each card number replaced.
    static func removed(from text: String) -> String {
        var cleaned: [UInt8] = []
        var run: [UInt8] = []
        func endRun() {
            // The separator before the next word is not part of the number.
            let tail = run.reversed().prefix { !Self.isDigit($0) }.count
            let number = run.dropLast(tail)
            let isWhole = cleaned.last.map { !Self.isWordPart($0) } ?? true
            cleaned += isWhole && Self.isCardNumber(number) ? Array(Redaction.replacement.utf8) : Array(number)
            cleaned += run.suffix(tail)
            run = []
        }
        for byte in text.utf8 {
            if Self.isDigit(byte) || !run.isEmpty && Self.isSeparator(byte) && Self.isDigit(run[run.count - 1]) {
                run.append(byte)
            } else {
                // A letter directly after it: an id, not a number.
                if Self.isWordPart(byte), let last = run.last, Self.isDigit(last) {
                    cleaned += run
                    run = []
                } else {
                    endRun()
                }
                cleaned.append(byte)
            }
        }
        endRun()
        return String(decoding: cleaned, as: UTF8.self)
    }

    private static func isCardNumber(_ bytes: some Collection<UInt8>) -> Bool {
        let digits = bytes.filter(self.isDigit).map { Int($0 - UInt8(ascii: "0")) }
        // Card numbers begin with 3 to 6, some Mastercard numbers with 2; times in milliseconds or microseconds begin with 1.
        guard self.length ~= digits.count, 2...6 ~= digits[0] else { return false }
        let sum = digits.reversed().enumerated().reduce(0) { sum, next in
            let (index, digit) = next
            guard index % 2 == 1 else { return sum + digit }
            return sum + (digit * 2 > 9 ? digit * 2 - 9 : digit * 2)
        }
        return sum % 10 == 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-") }
    private static func isWordPart(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || byte == UInt8(ascii: "_")
    }
}
