import Fixtures
import Conveyor
import RabbitMQ
import Testing

@testable import ConveyorOperator
@testable import Operator

/// One edited dead letter, and the same repair for the others with its cause.
@Suite struct RepairTests {
    private static func value(_ json: String) throws -> JSONValue { try JSON.decode(from: Array(json.utf8)) }

    private static func repair(_ old: String, _ new: String) throws -> Repair? {
        Repair(JSONPatch(from: try self.value(old), to: try self.value(new)))
    }

    @Test func `a repair moves the values that the edit moved, and sets and removes the others`() throws {
        let repair = try #require(try Self.repair(#"{"order": "a", "reason": "x", "old": 1}"#, #"{"order_id": "a", "reason": "y"}"#))
        #expect(repair.steps == [.move(from: "/order", to: "/order_id"), .set("/reason", .string("y")), .remove("/old")])
        #expect(repair.steps.map(\.description) == ["move /order to /order_id", #"set /reason to "y""#, "remove /old"])
        let other = try Self.value(#"{"order": "b", "reason": "z", "old": 2, "more": [1]}"#)
        #expect(try repair.apply(to: other) == Self.value(#"{"order_id": "b", "reason": "y", "more": [1]}"#))
        for misfit in [#"{"order_id": "c", "old": 1}"#, #"{"order": "c"}"#, "[]", "7"] {
            #expect(throws: Repair.Misfit.self, "\(misfit)") { try repair.apply(to: try Self.value(misfit)) }
        }
    }

    @Test func `a repair reaches into lists and objects, whatever their members are called`() throws {
        let repair = try #require(try Self.repair(#"{"a/b": {"~": 1}, "items": [{"n": 0}]}"#, #"{"a/b": {"~": 2}, "items": [{"n": 1}, {"n": 5}]}"#))
        #expect(
            try repair.apply(to: Self.value(#"{"a/b": {"~": 7}, "items": [{"n": -3, "x": 1}]}"#))
                == Self.value(#"{"a/b": {"~": 2}, "items": [{"n": 1, "x": 1}, {"n": 5}]}"#))
        #expect(throws: Repair.Misfit.self) { try repair.apply(to: try Self.value(#"{"a/b": {}, "items": []}"#)) }
    }

    @Test func `an edit without changes, or of the whole payload, repairs no other`() throws {
        #expect(try Self.repair(#"{"a": 1}"#, #"{"a": 1}"#) == nil)
        #expect(try Self.repair("[]", #"{"a": 1}"#) == nil)
        #expect(Repair(JSONPatch(from: nil, to: .object([:]))) == nil)
    }

    private static let orders = (1...3).map { "0190f3d2-7c1e-7d2a-9d3c-5b8e2a6f1c0\($0)" }

    @Test func `the command line repairs dead letters like an edited one, and leaves those open that do not fit`() async throws {
        try await withCommandLine { site in
            var ids: [String] = []
            for order in Self.orders { ids.append(try await site.addDeadLetter(group: "aaaaaaaaaa", payload: #"{"order": "\#(order)"}"#)) }
            let odd = try await site.addDeadLetter(group: "aaaaaaaaaa", payload: #"{"number": 1}"#)
            let replay = ["dead", "replay", "--group", "aaaaaaaaaa", "--like", ids[0]]

            let early = try await site.conveyor(replay)
            #expect(early.status == 1 && early.complaint?.contains("was not edited") == true)
            #expect(try await site.conveyor(replay + ["--canary", "1"]).status == 64)
            let edit = try await site.conveyor("dead", "replay", "--edit", "-", ids[0], input: #"{"order_id": "\#(Self.orders[0])"}"#)
            #expect(edit.status == 0)

            let dry = try await site.conveyor(replay + ["--dry-run", "--json"])
            #expect(try dry.json["total"] == .int(3) && dry.json["sent"] == .int(0) && dry.json["left"].array.map { $0["id"].string } == [odd])
            #expect(try await site.waiting(in: "orders") == 1, "only the edited one")

            let repaired = try await site.conveyor(replay + ["--json"])
            #expect(repaired.status == 1, "one is left")
            #expect(try repaired.json["steps"].array == [.string("move /order to /order_id")])
            #expect(try repaired.json["sent"] == .int(2) && repaired.json["left"].array.map { $0["id"].string } == [odd])
            let sent = try await withConsumer(site.host.amqpURL, queue: .named("orders")) { try await $0.takeAndAcknowledge(3) }
            #expect(try sent.map { try JSON.decode(JSONValue.self, from: $0.body)["order_id"].string }.sorted { $0 ?? "" < $1 ?? "" } == Self.orders)
            #expect(try await site.conveyor("dead", "list", "--group", "aaaaaaaaaa", "--status", "open", "--json").column("id") == [odd])
            #expect(try await site.audit(of: ids[1]).map { [$0[0], $0[1]] } == [["operator:ada", "edit"]])
        }
    }

    @Test func `the console offers an edit's repair for the others with its cause`() async throws {
        try await withConsole { console in
            var ids: [String] = []
            for order in Self.orders { ids.append(try await console.addDeadLetter(group: "aaaaaaaaaa", payload: #"{"order": "\#(order)"}"#)) }
            let client = try await console.signedIn()
            #expect(try await !client.get("/dead/replay?group=aaaaaaaaaa").text.contains("/dead/repair"))
            #expect(try await client.submit("/dead/repair", [("group", "aaaaaaaaaa"), ("like", ids[0])]).status == 404)
            let edited = try await client.submit("/dead/\(ids[0])/replay", [("payload", #"{"order_id": "\#(Self.orders[0])"}"#)])
            #expect(edited.location == "/dead/\(ids[0])?notice=edited")
            #expect(try await client.get("/dead/\(ids[0])").text.contains("Repair 2 dead letters with this cause in the same way"))
            let offer = try await client.get("/dead/replay?group=aaaaaaaaaa").text
            #expect(offer.contains("move /order to /order_id") && offer.contains("Repair and replay 2 dead letters"))
            let repaired = try await client.submit("/dead/repair", [("group", "aaaaaaaaaa"), ("like", ids[0])])
            #expect(repaired.location == "/dead?status=open&notice=repaired")
            for id in ids { #expect(try await console.status(of: id) == "replayed") }
            #expect(try await console.waiting(in: "orders") == 3)

            try await console.addPerson("mia", role: .viewer)
            let viewer = try await console.signedIn(as: "mia", password: RolesTests.password)
            #expect(try await viewer.submit("/dead/repair", [("group", "aaaaaaaaaa"), ("like", ids[0])]).status == 403)
        }
    }
}
