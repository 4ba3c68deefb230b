import Fixtures
import Postgres
import Testing

@Suite struct MigrationTests {
    private static let first = Migration(
        name: "m0001_things",
        sql: """
            -- Several statements, and a semicolon; in a comment.
            CREATE TABLE things (id int PRIMARY KEY, note text DEFAULT 'a;b');
            DO $$ BEGIN INSERT INTO things VALUES (1); END $$;
            """)
    private static let second = Migration(name: "m0002_more", sql: "ALTER TABLE things ADD COLUMN more int; INSERT INTO things VALUES (2);")
    private static let third = Migration(name: "m0003_last", sql: "CREATE INDEX ON things (more)")

    private func withMigrator(_ body: (Migrator, PostgresPool) async throws -> Void) async throws {
        try await withPool(size: 2) { pool in try await body(Migrator(pool: pool), pool) }
    }

    private func migrationError(_ body: () async throws -> Void) async throws -> String {
        do { try await body() } catch let error as MigrationError { return "\(error)" }
        return "none"
    }

    @Test func `migrations are applied once, in order, and are current afterwards`() async throws {
        try await self.withMigrator { migrator, pool in
            #expect(try await migrator.status([Self.first]).map(\.state) == [.pending])
            #expect(try await self.migrationError { try await migrator.assertCurrent([Self.first]) }.contains("not applied yet: m0001_things"))
            #expect(try await migrator.apply([Self.first]) == ["m0001_things"])
            #expect(try await migrator.apply([Self.first]) == [])
            #expect(try await migrator.apply([Self.first, Self.second, Self.third]) == ["m0002_more", "m0003_last"])
            #expect(try await migrator.status([Self.first, Self.second, Self.third]).map(\.state) == [.applied, .applied, .applied])
            try await migrator.assertCurrent([Self.first, Self.second, Self.third])
            #expect(try await pool.query("SELECT id FROM things ORDER BY id").decode(Int.self) == [1, 2])
            #expect(try await pool.query("SELECT name FROM schema_migrations ORDER BY applied_at").decode(String.self).count == 3)
        }
    }

    @Test func `two simultaneous migrators apply each file once`() async throws {
        try await withPool(size: 1) { one, database in
            try await withPool(size: 1, url: database.url) { two in
                async let a = Migrator(pool: one).apply([Self.first, Self.second])
                async let b = Migrator(pool: two).apply([Self.first, Self.second])
                let applied = try await [a, b].sorted { $0.count < $1.count }
                #expect(applied == [[], ["m0001_things", "m0002_more"]])
            }
        }
    }

    @Test func `a file that was changed after its application is refused`() async throws {
        try await self.withMigrator { migrator, _ in
            try await migrator.apply([Self.first])
            let changed = Migration(name: Self.first.name, sql: Self.first.sql + " ")
            #expect(try await self.migrationError { try await migrator.apply([changed, Self.second]) }.contains("m0001_things was changed"))
            #expect(try await self.migrationError { try await migrator.assertCurrent([changed]) }.contains("was changed"))
            #expect(try await migrator.status([changed, Self.second]).map(\.state) == [.changed, .pending])
        }
    }

    @Test func `a file inserted before an applied one, or unsorted names, are refused`() async throws {
        try await self.withMigrator { migrator, _ in
            #expect(try await self.migrationError { try await migrator.apply([Self.second, Self.first]) }.contains("does not sort"))
            #expect(try await self.migrationError { try await migrator.apply([Self.first, Self.first]) }.contains("does not sort"))
            let last = Migration(name: "m0003_note", sql: "CREATE INDEX ON things (note)")
            try await migrator.apply([Self.first, last])
            #expect(
                try await self.migrationError { try await migrator.apply([Self.first, Self.second, last]) }
                    .contains("m0002_more comes before one that is applied"))
        }
    }

    @Test func `an old list does not change a newer database, and an old service still starts on it`() async throws {
        try await self.withMigrator { migrator, _ in
            try await migrator.apply([Self.first, Self.second])
            #expect(try await self.migrationError { try await migrator.apply([Self.first]) }.contains("m0002_more was applied by a newer"))
            #expect(try await migrator.status([Self.first]).map(\.state) == [.applied, .unknown])
            try await migrator.assertCurrent([Self.first])
        }
    }

    @Test func `a failing file undoes the whole run and is named`() async throws {
        try await self.withMigrator { migrator, pool in
            let broken = Migration(name: "m0002_broken", sql: "CREATE TABLE half (x int); SELECT 1/0;")
            let message = try await self.migrationError { try await migrator.apply([Self.first, broken]) }
            #expect(message.contains("m0002_broken failed") && message.contains("22012"))
            #expect(
                try await pool.query("SELECT to_regclass('things')::text, to_regclass('half')::text")[0].decode((String?, String?).self) == (nil, nil)
            )
            #expect(try await migrator.apply([Self.first]) == ["m0001_things"])
        }
    }

    @Test func `a file with its own COMMIT is refused`() async throws {
        try await self.withMigrator { migrator, _ async throws in
            let selfish = Migration(name: "m0001_selfish", sql: "CREATE TABLE selfish (x int); COMMIT;")
            #expect(try await self.migrationError { try await migrator.apply([selfish]) }.contains("COMMIT or ROLLBACK of its own"))
        }
    }

    @Test func `any role may read whether the schema is current`() async throws {
        try await withDatabase(migrations: [Self.first]) { database in
            try await database.psql("CREATE ROLE anybody LOGIN")
            try await withPool(size: 1, url: database.server.url(database: database.name, user: "anybody")) { pool in
                try await Migrator(pool: pool).assertCurrent([Self.first])
            }
        }
    }
}
