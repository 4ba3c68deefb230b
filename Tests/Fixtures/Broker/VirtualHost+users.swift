import FoundationEssentials

extension VirtualHost {
    /// Makes the broker users of the parts with the rights that `ops/up` and `ops/deploy/provision` give them, by the same script, in this virtual host.
    public func provisionUsers() async throws {
        let folder = try Scratch.folder("users")
        // The script reads no more of a part's settings than the password in its URL.
        for part in ["ingress", "accounts", "inventory", "orders", "payments", "email", "recorder"] {
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
        // It is for the virtual host of a broker that has no other; this one is shared.
        let ours = definitions.replacing("\"vhost\":\"/\"", with: "\"vhost\":\"\(self.name)\"")
        try await self.broker.management.send("POST", "/api/definitions", body: ours)
    }

    /// The URL of plain AMQP, as a part's own user: see ``provisionUsers()``.
    public func amqpURL(as part: String) -> String { "amqp://conveyor_\(part):\(self.password)@127.0.0.1:\(self.broker.amqpPort)/\(self.name)" }

    /// The management API's base, as a part's own user.
    public func apiURL(as part: String) -> String { self.apiURL.replacing(self.broker.login, with: "conveyor_\(part):\(self.password)") }

    private var password: Substring { self.broker.login.drop { $0 != ":" }.dropFirst() }
}
