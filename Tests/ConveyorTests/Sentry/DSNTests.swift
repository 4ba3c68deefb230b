import Testing

@testable import Conveyor

@Suite struct DSNTests {
    @Test(arguments: [
        ("https://key@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/"),
        ("http://key@127.0.0.1:9000/1", "http://127.0.0.1:9000/api/1/envelope/"),
        ("https://key@sentry.example/a/b/7/", "https://sentry.example/a/b/api/7/envelope/"),
        ("https://key@[::1]:9000/7", "https://[::1]:9000/api/7/envelope/"),
    ]) func `a DSN names the endpoint of its project`(text: String, url: String) throws {
        let dsn = try #require(DSN(text))
        #expect(dsn.url == url)
        #expect(dsn.authorization == "Sentry sentry_version=7, sentry_client=conveyor/\(ConveyorVersion.current), sentry_key=key")
    }

    @Test func `the secret key of an old project is sent too`() throws {
        #expect(try #require(DSN("https://public:private@sentry.example/7")).authorization.hasSuffix(", sentry_key=public, sentry_secret=private"))
    }

    @Test(arguments: [
        "", "nonsense", "https://sentry.example/7", "https://key@sentry.example", "https://key@sentry.example/", "https://@sentry.example/7",
        "ftp://key@sentry.example/7", "https://key@/7", "https://a:b:c@sentry.example/7", "https://key@sentry.example/7?x=1", "https://key@sen try/7",
    ]) func `a malformed DSN is refused without its value`(text: String) throws {
        #expect(DSN(text) == nil)
        guard !text.isEmpty else { return }
        let error = try #require(throws: SettingError.self) { try DSN(Settings(environment: ["SENTRY_DSN": text])) }
        #expect("\(error)" == "SENTRY_DSN must be a DSN, https://<key>@<host>/<project>")
    }

    @Test func `without a DSN there is none`() throws {
        #expect(try DSN(Settings(environment: [:])) == nil)
    }
}
