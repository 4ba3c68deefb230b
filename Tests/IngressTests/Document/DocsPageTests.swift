import Conveyor
import Fixtures
import Testing

/// `/docs` in Chromium, driven by `Tests/Browser/docs_test.py`.
@Suite struct DocsPageTests {
    @Test func `a browser shows and tries operations without requests to other hosts`() async throws {
        let shop = try await TestShop.shared()
        let browser = try ChildProcess(
            try await TestPython.path(), [Repository.path + "/Tests/Browser/docs_test.py"],
            environment: ["API_URL": "http://127.0.0.1:\(shop.api.port)", "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(try await browser.waitForExit(within: .seconds(300)) == .status(0), "\(browser.output)")
    }
}
