import CPostgres

extension PostgresPool {
    /// The version of libpq that this process runs with, as libpq numbers it: 150018 is 15.18.
    public static var libraryVersion: Int { Int(PQlibVersion()) }
}
