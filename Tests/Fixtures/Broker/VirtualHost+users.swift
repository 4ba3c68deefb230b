import FoundationEssentials
import Topology

extension VirtualHost {
    /// Creates the processes' broker users in this virtual host, by the script and with the rights of `ops/up` and `ops/deploy/provision`.
    public func provisionUsers() async throws {
        let folder = try Scratch.folder("users")
        // The script reads only the password from a process' URL.
        for part in ["ingress", "recorder"] + Topology.workers.map(\.name) {
            try Data("AMQP_URL=\(self.amqpURL(as: part))\n".utf8).write(to: folder.appending(path: "\(part).env"))
        }
        try Data("AMQP_URL=\(self.amqpURL)\n".utf8).write(to: folder.appending(path: "admin.env"))
        let script = """
            for name in common settings parts access; do . ops/lib/$name.sh; done
            owner_settings() { printf '%s/admin.env' '\(folder.path)'; }
            own_settings() { printf '%s/%s.env' '\(folder.path)' "$1"; }
            broker_users
            """
        let definitions = try await ChildProcess.run("bash", ["-c", "cd '\(Repository.path)' && \(script)"])
        // The definitions are for a broker's default virtual host; here it has another name.
        let ours = definitions.replacing("\"vhost\":\"/\"", with: "\"vhost\":\"\(self.name)\"")
        try await self.broker.management.send("POST", "/api/definitions", body: ours)
    }

    /// The URL of plain AMQP for a process' own user: see ``provisionUsers()``.
    public func amqpURL(as part: String) -> String { "amqp://conveyor_\(part):\(self.password)@127.0.0.1:\(self.broker.amqpPort)/\(self.name)" }

    /// The management API's base URL for a process' own user.
    public func apiURL(as part: String) -> String { self.apiURL.replacing(self.broker.login, with: "conveyor_\(part):\(self.password)") }

    private var password: Substring { self.broker.login.drop { $0 != ":" }.dropFirst() }
}
