import Logging
import Postgres
import Testing

@Suite struct URLTests {
    @Test(arguments: [
        "", "not a url", "http://localhost", "postgresql://u:p%zzw0rd@h/db", "postgresql://u:s3cr@t@host/db", "postgresql://u:s3c/ret@host/db",
        "postgresql://host:port/db", "postgresql://host/db?s3cret=1",
    ])
    func `an invalid URL is refused without being quoted`(_ url: String) throws {
        let error = try #require(throws: PostgresError.self) {
            try PostgresPool(url: url, size: 1, applicationName: "tests", statementTimeout: nil, logger: Logger(label: "tests"))
        }
        #expect(error.kind == .invalidURL)
        for secret in ["w0rd", "s3c"] { #expect(!"\(error) \(error.detail ?? "")".contains(secret)) }
    }

    @Test(arguments: [
        "postgresql://u@h/db", "postgres://u:p%40ss@h1:1,h2:2/db?sslmode=verify-full", "host=/run/postgresql dbname=db",
        "postgresql:///db?host=@abstract",
    ])
    func `libpq's URIs and connection strings are accepted`(_ url: String) throws {
        _ = try PostgresPool(url: url, size: 1, applicationName: "tests", statementTimeout: .seconds(1), logger: Logger(label: "tests"))
    }
}
