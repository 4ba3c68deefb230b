import Fixtures
import Glibc
import Kit
import RabbitMQ
import Testing

@testable import ExampleWorker

/// A worker as a process of its own, which is killed and which kills itself.
@Suite struct WorkerProcessTests {
    private func start(_ rig: WorkerRig) throws -> ChildProcess {
        try ChildProcess(Repository.executable("ExampleWorker"), environment: rig.settings.merging(["LOG_FORMAT": "json"]) { $1 }, inherits: false)
    }

    @Test func `SIGTERM ends a worker with 0, and what it has not handled is still there`() async throws {
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

    @Test func `kill -9 again and again loses nothing and does nothing twice`() async throws {
        try await WorkerRig.with { rig in
            try await rig.publish(0..<3000)
            for round in 1...4 {
                let worker = try self.start(rig)
                try await eventually("it has done something", within: .seconds(30)) { try await rig.effects().count >= round * 200 }
                try await worker.kill()
            }
            try await withPart("ExampleWorker", rig.settings) { _ in try await rig.waitForEffects(3000, within: .seconds(60)) }
            #expect(try await rig.effects() == Array(0..<3000))
            #expect(try await rig.left() == 0)
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }

    @Test func `a message that ends the worker is taken out by the delivery limit, alone`() async throws {
        try await WorkerRig.with(deliveryLimit: 5) { rig in
            let crasher = try rig.message(Tally.crash)
            try await rig.publish(try (0..<100).map { try rig.message($0) } + [crasher] + (100..<200).map { try rig.message($0) })
            // A supervisor would do this.
            var worker = try self.start(rig)
            var crashes = 0
            try await withConsumer(rig.host.amqpURL, queue: .named("tests.dead")) { consumer in
                let dead = Task { try await consumer.takeAndAcknowledge(1, within: .seconds(180))[0] }
                while try await rig.effects().count < 200 {
                    guard !worker.isRunning else {
                        try await Task.sleep(for: .milliseconds(20))
                        continue
                    }
                    #expect(try await worker.waitForExit() == .signal(SIGABRT))
                    crashes += 1
                    try #require(crashes < 20)
                    worker = try self.start(rig)
                }
                let letter = try await dead.value
                #expect(letter.properties.messageID == crasher.properties.messageID)
                #expect(letter.properties.headers["x-first-death-reason"] == "delivery_limit")
                #expect(letter.body == crasher.body)
            }
            // Delivered the first time, and once for each of the limit.
            #expect(crashes == 6)
            #expect(try await worker.stop() == .status(0))
            #expect(try await rig.effects() == Array(0..<200))
            #expect(try await rig.left() == 0)
            #expect(try await rig.host.ready("tests.dead") == 0)
        }
    }
}
