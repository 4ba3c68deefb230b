import Conveyor
import Testing
import Topology

/// `conveyor new worker NAME`, in a copy of the sources.
@Suite struct NewWorkerTests {
    @Test func `a new worker touches its entry, its folder, its target and a first test, and everything else follows`() async throws {
        let checkout = try await Checkout()
        let call = try await checkout.conveyor("new", "worker", "loyalty", folder: "Sources/Shop")
        #expect(call.status == "0", "\(call.output)")
        let written = [
            "Package.swift", "Tests/WorkersTests/Loyalty/LoyaltyTests.swift", "Workers/Loyalty/LoyaltyExample.swift",
            "Workers/Loyalty/LoyaltyWorker.swift", "topology/parts.yaml",
        ]
        #expect(try await checkout.touched() == written)
        for path in written { #expect(call.output.contains(path)) }
        // One entry and one target: nothing that was there has changed.
        #expect(try await checkout.run("git diff --numstat").split(separator: "\n") == ["2\t0\tPackage.swift", "3\t0\ttopology/parts.yaml"])
        try await checkout.run("swift format lint --strict \(written.dropLast().joined(separator: " "))")

        let package = try await checkout.run("swift package dump-package")
        #expect(package.contains(#""loyalty-worker""#))

        // The queue, as every program makes it of the entry.
        let entries = Topology.parse(try await checkout.run("cat topology/parts.yaml"))
        let made = Definitions(workQueues: entries.filter(\.isWorker).map { ($0.name, $0.hears) })
        #expect(made.workQueues == Topology.workers.map(\.name) + ["loyalty"])
        #expect(made.queues(of: "commands", "loyalty.example") == ["loyalty"])

        // Made by ops/up, ops/deploy/provision and ops/package at each run.
        let derived = try await checkout.run(
            """
            for name in common settings parts access; do . ops/lib/$name.sh; done
            owner_settings() { printf /dev/null; }
            own_settings() { printf /dev/null; }
            printf '%s\\n' "${parts[@]}" "${shipped[@]}" "$(metrics_port loyalty)"
            broker_users
            postgres_roles
            """)
        for expected in [
            "\nloyalty\n", "\nloyalty-worker\n", "\n17687\n", #"{"user":"conveyor_loyalty","vhost":"/","configure":"^$","write":""#,
            #"{"user":"conveyor_loyalty","vhost":"/","exchange":"events","write":"^(operation\\.finished)$","read":".*"}"#,
            "grant conveyor_worker to conveyor_loyalty;",
        ] { #expect(derived.contains(expected), "\(expected)") }

        // One command generates all files that the repository keeps.
        try await checkout.run("ops/generate && ops/generate --check")
        let generated = [
            "ops/deploy/container/compose.yaml", "ops/deploy/kubernetes/postgres.yaml", "ops/deploy/kubernetes/secrets.example.yaml",
            "ops/deploy/kubernetes/workers.yaml", "ops/deploy/platforms/app.yaml", "ops/deploy/platforms/render.yaml",
            "topology/asyncapi.yaml", "topology/definitions.json",
        ]
        #expect(try await checkout.touched() == (written + generated).sorted())
        #expect(try await checkout.run("grep -L loyalty \(generated.joined(separator: " ")) || true").isEmpty)
        #expect(try Definitions(json: Array(try await checkout.run("cat topology/definitions.json").utf8)) == made)

        let again = try await checkout.conveyor("new", "worker", "loyalty")
        #expect(again.status == "64" && again.output.contains("there is a part loyalty already"))
    }

    @Test func `a name that cannot be a worker's is refused with the reason, and nothing is written`() async throws {
        let checkout = try await Checkout()
        for (name, reason) in [
            ("orders", "there is a part orders already"), ("ingress", "there is a part ingress already"), ("worker", "something else in Conveyor"),
            ("Loyalty", "lower-case letters"), ("two words", "lower-case letters"), ("a", "lower-case letters"), ("", "lower-case letters"),
            ("loyalty-points", "lower-case letters"), ("../escape", "lower-case letters"), ("loyalité", "lower-case letters"),
            ("import", "a word of Swift"), ("self", "a word of Swift"), ("order", "something else in Conveyor"), ("stock", "first word of events"),
            ("shop", "there is a module shop already"), ("logging", "there is a module logging already"), ("foundation", "a module foundation"),
        ] {
            let call = try await checkout.conveyor("new", "worker", name)
            #expect(call.status == "64" && call.output.contains(reason), "\(name): \(call)")
        }
        #expect(try await checkout.touched() == [])

        try await checkout.run("mkdir Workers/Loyalty && echo mine >Workers/Loyalty/LoyaltyWorker.swift")
        let call = try await checkout.conveyor("new", "worker", "loyalty")
        #expect(call.status == "64" && call.output.contains("Workers/Loyalty/LoyaltyWorker.swift exists already"))
        #expect(try await checkout.touched() == ["Workers/Loyalty/LoyaltyWorker.swift"])
        #expect(try await checkout.run("cat Workers/Loyalty/LoyaltyWorker.swift") == "mine\n")

        let outside = try await checkout.conveyor("new", "worker", "loyalty", folder: "/")
        #expect(outside.status == "64" && outside.output.contains("not in a checkout of Conveyor"))
    }
}
