public import Postgres

extension Migration {
    /// The tables of the machinery: what handled messages, failed attempts, schedules and delayed messages are kept in. They have a ledger of their own, so an
    /// application's migrations are numbered by themselves.
    public static let machinery: [Migration] = [
        Migration(name: "c0001_machinery", sql: String(decoding: PackageResources.c0001_machinery_sql, as: UTF8.self))
    ]
}
