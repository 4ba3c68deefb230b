import Crypto

/// Groups dead letters with the same cause: same queue, same type, and the same error without its numbers, ids and quoted values.
public enum ErrorGroup {
    /// Ten hexadecimal digits.
    public static func name(queue: String, type: String, errorType: String, error: String) -> String {
        let text = [queue, type, errorType, self.pattern(of: error)].joined(separator: "\u{0}")
        return SHA256.hash(data: Array(text.utf8)).prefix(5).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The error with `#` for each word that contains a digit, and for each quoted text.
    public static func pattern(of error: String) -> String {
        var pattern = ""
        var word = ""
        var quote: Character?
        func flush() {
            // Words with digits vary: Stripe's ids (pi_3Nx…) and ours, numbers, times.
            pattern += word.contains { $0.isNumber } ? "#" : word
            word = ""
        }
        for character in error {
            if let open = quote {
                if character == open {
                    pattern += "#"
                    quote = nil
                }
                continue
            }
            switch character {
            case "\"", "`":
                flush()
                quote = character
            case _ where character.isLetter || character.isNumber || character == "_" || character == "-": word.append(character)
            default:
                flush()
                pattern.append(character)
            }
        }
        flush()
        return pattern
    }
}
