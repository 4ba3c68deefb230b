import CCurl
import Synchronization

/// Sends e-mails to one server with libcurl, over connections that stay open.
///
/// Each connection has its own thread, started with the first e-mail that needs it; no caller's thread ever blocks. If all connections are
/// busy, e-mails wait for one within their timeout.
public final class SMTPClient: Sendable {
    private let configuration: SMTPConfiguration
    private let trust: TrustStore
    private let connections: [CurlMulti]
    /// The number of e-mails waiting at each connection.
    private let loads: Mutex<[Int]>

    /// A client with no connection yet.
    ///
    /// - Throws: ``TransferError/Code/badCAFile`` if the CA file cannot be read or contains no certificate, ``TransferError/Code/invalidRequest``
    ///   if the host, the client's name or the login cannot be written in a command.
    public init(configuration: SMTPConfiguration) throws(TransferError) {
        try configuration.validate()
        self.configuration = configuration
        self.trust = try TrustStore(extra: configuration.caFile)
        var connections: [CurlMulti] = []
        for number in 1...max(1, configuration.maximumConnections) {
            connections.append(try CurlMulti(threadName: "smtp-client-\(number)", connectionsPerHost: 1))
        }
        self.connections = connections
        self.loads = Mutex(Array(repeating: 0, count: connections.count))
    }

    /// Sends one e-mail; returns when the server has accepted it for all recipients (250 after the data).
    ///
    /// If the server refuses one recipient, the e-mail fails for all. Cancelling the task ends the transfer with ``TransferError/Code/cancelled``: at
    /// once, or within a second while waiting for the server's last reply.
    public func send(_ mail: Mail) async throws(SMTPError) {
        let content: [UInt8]
        do throws(MailError) {
            content = try mail.encoded()
        } catch {
            throw SMTPError(stage: .message, code: .invalidRequest, message: error.description)
        }
        let number = self.loads.withLock { loads in
            let least = loads.indices.min { loads[$0] < loads[$1] } ?? 0
            loads[least] += 1
            return least
        }
        defer { self.loads.withLock { $0[number] -= 1 } }
        // The server may close an idle connection at any time; the e-mail has not failed.
        guard try await !self.attempt(mail, content, on: self.connections[number], onNewConnection: false) else { return }
        _ = try await self.attempt(mail, content, on: self.connections[number], onNewConnection: true)
    }

    /// `false`: the reused connection was closed before the e-mail began; never for a new connection.
    private func attempt(
        _ mail: Mail, _ content: [UInt8], on connection: CurlMulti, onNewConnection: Bool
    ) async throws(SMTPError) -> Bool {
        let (configuration, trust) = (self.configuration, self.trust)
        let (from, to) = (mail.from.address, mail.to.map(\.address))
        return try await connection.run { () throws(SMTPError) -> SMTPExchange in
            do throws(TransferError) {
                return try SMTPExchange(
                    content, from: from, to: to, configuration: configuration, trust: trust, onNewConnection: onNewConnection)
            } catch {
                throw SMTPError(stage: .connect, code: error.code, message: error.message)
            }
        } answer: { (exchange, code) throws(SMTPError) in
            if !onNewConnection, exchange.foundConnectionClosed(code) { return false }
            guard code == CURLE_OK else { throw exchange.error(code) }
            return true
        }
    }
}
