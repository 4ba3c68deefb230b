public import Postgres

extension Migration {
    /// Conveyor's own tables: handled messages, failed attempts, schedules and delayed messages. They have their own ledger, so an
    /// application numbers its migrations independently.
    public static let machinery: [Migration] = [
        Migration(name: "c0001_machinery", sql: String(decoding: PackageResources.c0001_machinery_sql, as: UTF8.self)),
        Migration(name: "c0002_wanted_events", sql: String(decoding: PackageResources.c0002_wanted_events_sql, as: UTF8.self)),
    ]
}
