import Fixtures
import Testing

@testable import Conveyor

@Suite struct SchemaCheckTests {
    @Test func `a worker newer than the database exits with 78 and one line, an older one works`() async throws {
        try await WorkerRig.with { rig in
            let newest = "select name from schema_migrations order by name desc limit 1"
            let name = try #require(try await rig.database.value(newest))
            try await rig.database.psql("insert into schema_migrations (name, checksum) values ('m9999_of_a_newer_program', '00')")
            try await withPart("ExampleWorker", rig.settings) { _ in
                try await rig.publish([1])
                try await rig.waitForEffects(1)
            }
            try await rig.database.psql("delete from schema_migrations where name = '\(name)'")
            let worker = try ChildProcess(Repository.executable("ExampleWorker"), environment: rig.settings, inherits: false)
            #expect(try await worker.waitForExit(within: .seconds(60)) == .status(78))
            let lines = worker.output.split(separator: "\n").filter { $0.contains("conveyor migrate") }
            #expect(lines.count == 1 && lines[0].contains(name))
        }
    }
}
