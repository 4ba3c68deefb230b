import Conveyor
import Fixtures
import Glibc
import RabbitMQ
import Testing

@testable import ExampleWorker

/// A worker as a separate process that is killed and crashes.
@Suite struct WorkerProcessTests {
    private func start(_ rig: WorkerRig) throws -> ChildProcess {
        try ChildProcess(Repository.executable("ExampleWorker"), environment: rig.settings.merging(["LOG_FORMAT": "json"]) { $1 }, inherits: false)
    }

    @Test func `SIGTERM ends a worker with 0, and unhandled messages stay in the queue`() async throws {
        try await WorkerRig.with { rig in
            try await withPart("ExampleWorker", rig.settings) { worker in
                try await rig.publish(0..<2000)
                try await rig.waitForEffects(1)
                #expect(try await worker.stop() == .status(0))
            }
            let (done, left) = (try await rig.effects().count, try await rig.left() ?? 0)
            #expect(done + left == 2000)
        }
    }

    @Test func `repeated kill -9 loses nothing and does nothing twice`() async throws {
        try await WorkerRig.with { rig in
            try await rig.publish(0..<3000)
            for round in 1...4 {
                let worker = try self.start(rig)
                try await eventually("it has done something", within: .seconds(120)) { try await rig.effects().count >= round * 200 }
                try await worker.kill()
            }
            try await withPart("ExampleWorker", rig.settings) { _ in try await rig.waitForEffects(3000, within: .seconds(180)) }
            #expect(try await rig.effects() == Array(0..<3000))
            try await eventually("nothing is left") { try await rig.left() == 0 }
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }

    @Test func `a message that crashes the worker becomes a dead letter by the delivery limit, alone`() async throws {
        try await WorkerRig.with(deliveryLimit: 5) { rig in
            let crasher = try rig.message(Tally.crash)
            try await rig.publish(try (0..<100).map { try rig.message($0) } + [crasher] + (100..<200).map { try rig.message($0) })
            var worker = try self.start(rig)
            // One delivery, and one for each unit of the limit. The broker puts a returned message behind earlier returned ones, so the good ones may all be done
            // by the third delivery.
            for _ in 1...6 {
                #expect(try await worker.waitForExit(within: .seconds(120)) == .signal(SIGABRT))
                // A supervisor would do this.
                worker = try self.start(rig)
            }
            let letter = try await rig.taken(1, from: "tests.dead")[0]
            #expect(letter.properties.messageID == crasher.properties.messageID)
            #expect(letter.properties.headers["x-first-death-reason"] == "delivery_limit")
            #expect(letter.body == crasher.body)
            try await rig.waitForEffects(200)
            // The seventh process has not ended: it handles the signal once it runs.
            try await worker.waits(for: #""message":"ready""#)
            #expect(try await worker.stop() == .status(0))
            #expect(try await rig.effects() == Array(0..<200))
            try await eventually("nothing is left") { try await rig.left() == 0 }
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }
}
