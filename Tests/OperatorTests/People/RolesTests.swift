import Conveyor
import Fixtures
import Testing

@testable import ConveyorOperator
@testable import Operator

/// Every role with every action, on the command line and in the console.
@Suite struct RolesTests {
    static let password = "correct horse battery"

    /// A command for each act.
    private static func commands(_ letter: String) -> [(act: Act, arguments: [String], input: String?)] {
        [
            (.seePayloads, ["dead", "show", "--payload", letter], nil),
            (.replay, ["dead", "replay", letter, "--dry-run"], nil),
            (.replay, ["dead", "replay", letter, "--edit", "-"], "{}"),
            (.replay, ["dead", "stop", letter], nil),
            (.replay, ["dead", "resume", letter], nil),
            (.discard, ["dead", "discard", letter, "--reason", "a test"], nil),
            (.pause, ["pause", "email"], nil),
            (.pause, ["pause", "--all", "--reason", "a test"], nil),
            (.pause, ["resume", "email"], nil),
            (.skip, ["skip", "--queue", "email", "--reason", "a test"], nil),
            (.skip, ["skip", "--queue", "email", "--dry-run"], nil),
            (.skip, ["skip", "lift", "1"], nil),
            (.send, ["send", "orders.cancel", "-"], #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10"}"#),
            (.send, ["send", "orders.cancel", "-", "--dry-run"], "{}"),
            (.runSchedules, ["schedules", "run", "orders.expiry"], nil),
            (.runSchedules, ["schedules", "pause", "orders.expiry"], nil),
            (.runSchedules, ["schedules", "resume", "orders.expiry"], nil),
            (.operate, ["cache", "clear", "*"], nil),
            (.operate, ["catalog", "import", "-", "--dry-run"], "sku\n"),
            (.operate, ["payments", "reconcile"], nil),
            (.managePeople, ["people", "add", "zoe", "--role", "viewer"], nil),
            (.managePeople, ["people", "set", "zoe", "--role", "operator"], nil),
            (.managePeople, ["people", "remove", "zoe"], nil),
            (.administer, ["users", "create-superuser", "root@example.com"], "correct horse\n"),
            (.administer, ["users", "token", "root@example.com"], nil),
            (.administer, ["migrate"], nil),
            (.administer, ["topology", "apply"], nil),
        ]
    }

    /// A form for each act.
    private static func forms(_ letter: String) -> [(act: Act, path: String, fields: [(String, String)])] {
        [
            (.replay, "/dead/\(letter)/replay", []), (.discard, "/dead/\(letter)/discard", [("reason", "a test")]),
            (.replay, "/dead/replay", [("ids", letter)]), (.discard, "/dead/discard", [("ids", letter), ("reason", "a test")]),
            (.replay, "/jobs/\(letter)/stop", []), (.replay, "/jobs/\(letter)/resume", []),
            (.pause, "/queues/email/pause", []), (.pause, "/queues/email/resume", []),
            (.pause, "/queues/all/pause", []), (.pause, "/queues/all/resume", []),
            (.skip, "/skip", [("queue", "email"), ("reason", "a test")]), (.skip, "/skip/1/lift", []),
            (.send, "/send", [("type", "orders.cancel"), ("payload", "{}")]),
            (.runSchedules, "/schedules/orders.expiry/run", []), (.runSchedules, "/schedules/orders.expiry/pause", []),
            (.runSchedules, "/schedules/orders.expiry/resume", []),
            (.managePeople, "/people", [("name", "zoe"), ("role", "viewer")]), (.managePeople, "/people/zoe", [("role", "viewer")]),
            (.managePeople, "/people/zoe/remove", []),
        ]
    }

    @Test func `every action is tested`() {
        #expect(Set(Self.commands("").map(\.act)) == Set(Act.all + [.operate]))
        #expect(Set(Self.forms("").map(\.act)).union([.seePayloads, .operate, .administer]) == Set(Act.all + [.operate]))
    }

    @Test func `on the command line a role may do the actions of its row in the table`() async throws {
        try await withCommandLine { site in
            for role in Role.allCases {
                #expect(try await site.conveyor("people", "add", "the-\(role.rawValue)", "--role", role.rawValue).status == 0)
            }
            for role in Role.allCases {
                let letter = try await site.addDeadLetter()
                for (act, arguments, input) in Self.commands(letter) {
                    let call = try await site.conveyor(arguments, input: input, settings: ["CONVEYOR_OPERATOR": "the-\(role.rawValue)"])
                    #expect((call.status == 77) == (role < act.least), "\(role) \(arguments): \(call)")
                    #expect(call.status != 77 || (call.output == "" && call.complaint != nil), "one line")
                }
            }
        }
    }

    @Test func `in the console a role may do the actions of its row in the table`() async throws {
        try await withConsole { console in
            let admin = try await console.signedIn(name: "root")
            for role in Role.allCases { try await console.addPerson("the-\(role.rawValue)", role: role) }
            for role in Role.allCases {
                let client = try await console.signedIn(as: "the-\(role.rawValue)", password: Self.password)
                let letter = try await console.addDeadLetter()
                for (act, path, fields) in Self.forms(letter) {
                    let page = try await client.submit(path, fields)
                    #expect((page.status == 403) == (role < act.least), "\(role) \(path): \(page.status)")
                }
                #expect(try await client.get("/dead/\(letter)/payload").status == (role < Act.seePayloads.least ? 403 : 200))
                #expect(try await client.get("/people").status == (role < Act.managePeople.least ? 403 : 200))
            }
            #expect(try await admin.get("/people").status == 200)
            #expect(
                try await console.audit(of: "email").allSatisfy { ["operator:the-operator", "operator:the-admin"].contains($0[0]) })
        }
    }

    @Test func `a viewer sees no payload: not on a page, in a download, a history, a trace, on the command line, nor by searching for its text`()
        async throws
    {
        let payload = #"{"order_id": "3d3c5a9e-0f6b-4f43-9a51-0a4a3c1f2b10", "reason": "needle in a payload"}"#
        try await withConsole { console in
            for role in Role.allCases { try await console.addPerson("the-\(role.rawValue)", role: role) }
            let letter = try await console.addDeadLetter(payload: payload)
            let site = CommandLineSite(database: console.database, host: console.host)
            let operator_ = try await console.signedIn(as: "the-operator", password: Self.password)
            let viewer = try await console.signedIn(as: "the-viewer", password: Self.password)
            // Its history has another payload.
            let edited = try await operator_.submit("/dead/\(letter)/replay", [("payload", payload.replacing("needle", with: "haystack"))])
            #expect(edited.status == 303)
            let paths = ["/dead/\(letter)", "/dead/\(letter)?full=1", "/dead?status=", "/dead?q=needle", "/search?q=needle", "/trace/\(letter)", "/"]
            for path in paths {
                let page = try await viewer.get(path)
                #expect(!page.text.contains("needle in a payload") && !page.text.contains("haystack"), "\(path)")
            }
            #expect(try await viewer.get("/search?q=needle").status == 404)
            #expect(try await operator_.get("/search?q=needle").status == 303)
            #expect(try await !viewer.get("/dead?status=&q=needle").text.contains(letter))
            #expect(try await operator_.get("/dead?status=&q=needle").text.contains(letter))
            #expect(try await operator_.get("/dead/\(letter)").text.contains("needle in a payload"))

            func call(_ arguments: String..., by name: String) async throws -> CommandLineSite.Call {
                try await site.conveyor(arguments, settings: ["CONVEYOR_OPERATOR": name])
            }
            for arguments in [["dead", "show", letter], ["dead", "show", letter, "--json"], ["trace", letter]] {
                let shown = try await site.conveyor(arguments, settings: ["CONVEYOR_OPERATOR": "the-viewer"])
                #expect(shown.status == 0 && !shown.output.contains("needle") && !shown.output.contains("haystack"), "\(arguments)")
            }
            #expect(try await call("dead", "list", "--search", "needle in", by: "the-viewer").status == 1)
            #expect(try await call("dead", "groups", "--status", "replayed", "--search", "needle in", by: "the-viewer").status == 1)
            #expect(try await call("dead", "list", "--search", "needle in", by: "the-operator").status == 0)
            #expect(try await call("dead", "show", letter, "--json", by: "the-viewer").json["payload"] == .null)
        }
    }
}
