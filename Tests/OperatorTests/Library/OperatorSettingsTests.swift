import Conveyor
import Fixtures
import Postgres
import Testing
import Topology

@testable import ConveyorOperator
@testable import Operator

@Suite struct OperatorSettingsTests {
    private func check(_ token: String, environment: String) throws {
        let application = OperatorApplication.shop.conveyor
        let key = (0..<32).map { _ in String(UInt8.random(in: 16...255), radix: 16) }.joined()
        let settings = Settings(environment: ["ENVIRONMENT": environment, "SECRET_KEY": key, "CONSOLE_TOKEN": token], of: application)
        try application.checkSettings(settings)
    }

    @Test(arguments: ["9f2c41d7", "password", "0000000000000000"])
    func `production refuses a token of the console that is short or can be guessed`(token: String) throws {
        let error = #expect(throws: SettingError.self) { try self.check(token, environment: "production") }
        #expect(error?.name == "CONSOLE_TOKEN")
        try self.check(token, environment: "development")
        try self.check("9f2c41d7a6b05e83c1f47d2b", environment: "production")
    }

    @Test func `every setting of the operator is listed once, behind the application's`() {
        let names = OperatorApplication.shop.conveyor.allSettings.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(Setting.operation.map(\.name)).isSubset(of: names))
        #expect(names.last == "INBOX_RETENTION_DAYS")
    }

    @Test func `each secret setting goes to the parts whose entries name it`() {
        let settings = OperatorApplication.shop.conveyor.allSettings
        let named = Set(Topology.parts.flatMap(\.secrets))
        let connections: Set = ["RABBITMQ_API"]  // each part has its own
        let secrets = Set(settings.filter { $0.isSecret && $0.readers != .all }.map(\.name))
        #expect(secrets.subtracting(connections).subtracting(named) == [])
        #expect(named.subtracting(settings.map(\.name)) == [])
    }

    private static let columns = """
        select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
        where table_schema = 'public' and column_name <> 'order_id'
            and table_name in ('dead_letters', 'replacements', 'audit_log', 'replay_jobs', 'replay_job_items', 'queue_samples', 'people',
                'sign_in_links', 'console_sessions', 'notified_groups', 'notifications', 'calls')
        order by table_name, column_name
        """

    @Test func `the operators' tables are the same in the shop as in any application`() async throws {
        let shop = Set(try await withDatabase { try await $0.psql(Self.columns) })
        let other = Set(try await withDatabase(migrations: Migration.operation) { try await $0.psql(Self.columns) })
        #expect(shop.symmetricDifference(other) == [])
        #expect(Set(shop.map { $0[0] }).count == 12)
    }
}
