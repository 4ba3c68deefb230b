/// Secrets that a test plants, to search for them in output.
enum Planted {
    static let database = "planted-database-password-hunter2"
    static let signing = "planted-signing-key-0123456789-hunter2-xyzabc"
    static let collector = "planted-collector-key-hunter2"
    static let card = "4242424242424242"
    static let password = "planted-password-hunter2"
}
