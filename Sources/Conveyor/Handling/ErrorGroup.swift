import Crypto

/// Which dead letters have the same cause: same queue, same type, and the same error once its numbers, ids and quoted values are taken out.
public enum ErrorGroup {
    /// Ten hexadecimal digits.
    public static func name(queue: String, type: String, errorType: String, error: String) -> String {
        let text = [queue, type, errorType, self.pattern(of: error)].joined(separator: "\u{0}")
        return SHA256.hash(data: Array(text.utf8)).prefix(5).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The error with each word that holds a digit, and each quoted text, replaced by `#`.
    public static func pattern(of error: String) -> String {
        var pattern = ""
        var word = ""
        var quote: Character?
        func flush() {
            // An id of Stripe's (pi_3Nx…) or of ours, a number, a time: whatever holds a digit varies.
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
