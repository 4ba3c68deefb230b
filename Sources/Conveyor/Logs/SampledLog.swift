public import Logging
import Dispatch
import Synchronization

/// Samples lines about successes, of which there may be thousands per second: a limited number is written, the others are counted.
///
/// The bucket holds the lines of five seconds, so a quiet system logs all of them. The next line contains the number of dropped ones
/// as `left_out`, or a separate line a second later. Failures are never sampled.
public final class SampledLog: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
        var leftOut = 0
        var isSummaryDue = false
    }

    private let logger: Logger
    private let level: Logger.Level
    private let perSecond: Double
    private let capacity: Double
    private let bucket: Mutex<Bucket>

    /// - Parameter perSecond: lines per second in the long run; 0 drops none.
    public init(logger: Logger, perSecond: Int, level: Logger.Level = .info) {
        self.logger = logger
        self.level = level
        self.perSecond = Double(perSecond)
        self.capacity = Double(perSecond * 5)
        self.bucket = Mutex(Bucket(tokens: Double(perSecond * 5), filledAt: .now))
    }

    private enum Verdict { case write(leftOut: Int), leaveOut, leaveOutAndSummarise }

    /// Writes a line, or counts it.
    /// - Parameter line: makes the message and its metadata; not called for a dropped line.
    public func log(_ line: () -> (Logger.Message, Logger.Metadata)) {
        guard self.logger.logLevel <= self.level else { return }
        switch self.perSecond == 0 ? .write(leftOut: 0) : self.verdict() {
        case .write(let leftOut):
            var (message, metadata) = line()
            if leftOut > 0 { metadata["left_out"] = .stringConvertible(leftOut) }
            self.logger.log(level: self.level, message, metadata: metadata)
        case .leaveOut: break
        case .leaveOutAndSummarise:
            DispatchQueue.global().asyncAfter(deadline: .now() + 1) { self.summarise() }
        }
    }

    private func verdict() -> Verdict {
        let now = ContinuousClock.now
        return self.bucket.withLock { bucket in
            bucket.tokens = min(self.capacity, bucket.tokens + (now - bucket.filledAt) / .seconds(1) * self.perSecond)
            bucket.filledAt = now
            if bucket.tokens >= 1 {
                bucket.tokens -= 1
                defer { bucket.leftOut = 0 }
                return .write(leftOut: bucket.leftOut)
            }
            bucket.leftOut += 1
            defer { bucket.isSummaryDue = true }
            return bucket.isSummaryDue ? .leaveOut : .leaveOutAndSummarise
        }
    }

    private func summarise() {
        let leftOut = self.bucket.withLock { bucket in
            defer { (bucket.leftOut, bucket.isSummaryDue) = (0, false) }
            return bucket.leftOut
        }
        if leftOut > 0 { self.logger.log(level: self.level, "lines left out", metadata: ["left_out": .stringConvertible(leftOut)]) }
    }
}
