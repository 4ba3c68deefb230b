/// The API version that the double speaks, and the check of requested versions.
enum StripeVersion {
    /// The version of the official library stripe-python 16.1.
    static let current = "2026-10-28.endive"

    /// `2026-10-28.endive`, or a date alone as before 2024-09.
    static func isWellFormed(_ version: String) -> Bool { version.wholeMatch(of: #/\d{4}-\d{2}-\d{2}(\.[a-z]+)?/#) != nil }
}
