/// The wait before connecting again: twice as long each time, with jitter, so that a hundred processes do not return at once.
enum Backoff {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)

    /// - Parameter count: failures in a row, from 1.
    static func delay(after count: Int) -> Duration {
        let full = min(self.longest, self.first * (1 << min(count - 1, 10)))
        return full * Double.random(in: 0.5...1)
    }
}
