/// Random ids in Stripe's form: a prefix, then letters and digits.
enum Identifier {
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// `pi_3Q…`
    static func make(_ prefix: String, length: Int = 24) -> String { prefix + "_" + self.random(length) }

    static func random(_ length: Int) -> String {
        String(decoding: (0..<length).map { _ in self.alphabet.randomElement() ?? 0x30 }, as: UTF8.self)
    }
}
