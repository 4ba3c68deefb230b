import CPostgres
import Logging

/// Passes the server's notices to the logger; libpq would print them to standard error.
final class NoticeReceiver: Sendable {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// The owner of the connection also holds the receiver, so the receiver lives longer.
    func attach(_ connection: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context = unsafe context, let result = unsafe result else { return }
                unsafe Unmanaged<NoticeReceiver>.fromOpaque(context).takeUnretainedValue().receive(result)
            }, context)
    }

    private func receive(_ result: OpaquePointer) {
        // Only the message: the detail may contain values.
        let message = unsafe PQresultErrorField(result, CInt(cpostgres_message)).map { unsafe String(cString: $0) }
        let severity = unsafe PQresultErrorField(result, CInt(cpostgres_severity)).map { unsafe String(cString: $0) }
        let level: Logger.Level =
            switch severity {
            case "DEBUG", "LOG", "INFO", "NOTICE": .debug
            default: .warning
            }
        self.logger.log(level: level, "\(message ?? "a notice without a text")", metadata: ["severity": "\(severity ?? "unknown")"])
    }
}
