import Conveyor
import Fixtures
import Testing

/// `conveyor people add | set | remove | list`
@Suite struct PeopleCommandTests {
    @Test func `people are added, changed, listed and removed, and each action names its operator`() async throws {
        try await withCommandLine { site in
            #expect(try await site.conveyor("people", "list", "--json").status == 1, "no person yet")
            let link = try await site.conveyor("people", "add", "mia", "--role", "viewer", settings: ["CONSOLE_PORT": "18081"])
            #expect(
                link.status == 0 && link.output.hasPrefix("http://127.0.0.1:18081/login/link?token=") && link.output.filter { $0 == "\n" }.count == 1)
            #expect(try await site.conveyor("people", "add", "eve@shop", "--role", "admin", "--password", input: "correct horse\n").status == 0)
            #expect(try await site.conveyor("people", "add", "MIA", "--role", "admin").status == 1, "another spelling of mia is the same name")
            for wrong in ["", "two words", "semi;colon", String(repeating: "a", count: 41)] {
                #expect(try await site.conveyor("people", "add", wrong, "--role", "viewer").status == 64, "\(wrong)")
            }
            #expect(try await site.conveyor("people", "add", "bob", "--role", "owner").status == 64)
            #expect(try await site.conveyor("people", "add", "bob", "--role", "viewer", "--password", input: "short\n").status == 64)

            var rows = try await site.conveyor("people", "list", "--json", settings: ["CONVEYOR_OPERATOR": "mia"]).rows
            #expect(rows.allSatisfy { $0.lacks("name, role, sign_in, created_at, last_seen_at").isEmpty })
            #expect(rows.map { $0["name"].string } == ["eve@shop", "mia"] && rows.map { $0["sign_in"].string } == ["password", "link"])
            #expect(try await site.conveyor("people", "set", "mia", "--role", "operator").status == 0)
            #expect(try await site.conveyor("people", "set", "mia", "--password", input: "battery staple\n").status == 0)
            #expect(try await site.conveyor("people", "set", "mia").status == 64)
            #expect(try await site.conveyor("people", "set", "zoe", "--role", "viewer").complaint == "no person zoe")
            #expect(try await site.conveyor("people", "remove", "eve@shop").status == 0)
            #expect(try await site.conveyor("people", "remove", "eve@shop").status == 1)
            rows = try await site.conveyor("people", "list", "--json").rows
            #expect(rows.map { $0["role"].string } == ["operator"] && rows.map { $0["sign_in"].string } == ["password"])
            let audit = try await site.audit(of: "mia")
            #expect(audit.map { $0[1] } == ["people_add", "people_set", "people_set"])
            #expect(audit.allSatisfy { $0[0] == "operator:ada" })
            let stored = try await site.database.value("select password_hash from people where name = 'mia'")
            #expect(stored?.hasPrefix("$argon2id$") == true)
        }
    }

    @Test func `CONVEYOR_OPERATOR names the operator, else the login name, behind sudo that of the caller`() async throws {
        try await withCommandLine { site in
            #expect(try await site.conveyor("pause", "email", settings: ["CONVEYOR_OPERATOR": "", "SUDO_USER": "grace"]).status == 0)
            #expect(try await site.conveyor("resume", "email", settings: ["CONVEYOR_OPERATOR": "lin us", "SUDO_USER": "grace"]).status == 0)
            #expect(try await site.audit(of: "email").map { $0[0] } == ["operator:grace", "operator:linus"])
            #expect(try await site.conveyor("people", "add", "grace", "--role", "viewer").status == 0)
            let refused = try await site.conveyor("pause", "email", settings: ["CONVEYOR_OPERATOR": "", "SUDO_USER": "Grace"])
            #expect(refused.status == 77, "a person's role holds, however the name is spelled")
            #expect(refused.complaint?.contains("grace has the role viewer") == true)
        }
    }
}
