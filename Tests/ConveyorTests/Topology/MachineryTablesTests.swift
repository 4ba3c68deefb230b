import Conveyor
import Fixtures
import Postgres
import Testing

@Suite struct MachineryTablesTests {
    private static let columns = """
        select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
        where table_schema = 'public' and column_name <> 'order_id'
            and table_name in ('inbox', 'attempts', 'queue_controls', 'skips', 'running', 'schedules', 'delayed_messages', 'wanted_events')
        order by table_name, column_name
        """

    @Test func `Conveyor's tables are the same in the shop as in any application`() async throws {
        let shop = Set(try await withDatabase { try await $0.psql(Self.columns) })
        let other = Set(
            try await withDatabase(migrations: []) { database in
                try await self.migrate(database)
                return try await database.psql(Self.columns)
            })
        #expect(shop.symmetricDifference(other) == [])
        #expect(Set(shop.map { $0[0] }).count == 8)
    }

    @Test func `a dead letter of an order is found by its subject and by the order, whichever version of the recorder has written it`() async throws {
        try await withDatabase { database in
            let order = "00000000-0000-7000-8000-000000000001"
            for columns in ["subject_type, subject_id", "order_id"] {
                let values = columns == "order_id" ? "'\(order)'" : "'order', '\(order)'"
                try await database.psql(
                    """
                    insert into dead_letters (id, message_id, attempts, first_failed_at, last_failed_at, queue, type, error_type, error, "group", properties,
                                              headers, payload, \(columns))
                    values (gen_random_uuid(), gen_random_uuid(), 1, now(), now(), 'orders', 'orders.cancel', 'bug', '', 'g', '{}', '{}', '', \(values))
                    """)
            }
            let found = try await database.value(
                "select count(*) from dead_letters where order_id = '\(order)' and subject_type = 'order' and subject_id = order_id")
            #expect(found == "2")
        }
    }

    @Test func `Conveyor's tables are created once, and an application numbers its own migrations`() async throws {
        try await withDatabase(migrations: [Migration(name: "a0001_own", sql: "create table own (id int)")]) { database in
            let applied = try await self.migrate(database)
            #expect(applied == ["c0001_machinery", "c0002_wanted_events"])
            #expect(try await self.migrate(database) == [])
            #expect(try await database.value("select string_agg(name, ' ') from schema_migrations") == "a0001_own")
            // Two weekly partitions and the default one, of two tables.
            #expect(
                try await database.value("select count(*) from pg_inherits i join pg_class c on c.oid = i.inhparent where c.relkind = 'p'") == "6")
            #expect(try await database.psql("select maintain_partitions(14), inbox_kept_since()") == [["t", nil]])
        }
    }

    @Test func `a failed attempt of an order is found by the order, whichever version of the worker has written it`() async throws {
        try await withDatabase { database in
            for columns in ["subject_type, subject_id", "order_id"] {
                let values = columns == "order_id" ? "'00000000-0000-7000-8000-000000000001'" : "'order', '00000000-0000-7000-8000-000000000001'"
                try await database.psql(
                    """
                    insert into attempts (message_id, correlation_id, attempt, queue, type, error_type, error, \(columns))
                    values (gen_random_uuid(), gen_random_uuid(), 1, 'orders', 'orders.cancel', 'bug', '', \(values))
                    """)
            }
            let found = try await database.value("select count(*) from attempts where order_id = '00000000-0000-7000-8000-000000000001'")
            #expect(found == "2")
        }
    }

    @discardableResult
    private func migrate(_ database: TestDatabase) async throws -> [String] {
        let pool = try PostgresPool(url: database.url, size: 1, applicationName: "tests", statementTimeout: nil, logger: .silent)
        do {
            let applied = try await Migrator(pool: pool, ledger: .machinery).apply(Migration.machinery)
            await pool.close()
            return applied
        } catch {
            await pool.close()
            throw error
        }
    }
}
