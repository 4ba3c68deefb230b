import Conveyor
import Fixtures
import Testing

/// `/docs` in Chromium, as `Tests/Browser/docs_test.py` drives it.
@Suite struct DocsPageTests {
    @Test func `a browser shows every operation, lets one be tried, and asks no other host for anything`() async throws {
        let shop = try await TestShop.shared()
        let browser = try ChildProcess(
            try await TestPython.path(), [Repository.path + "/Tests/Browser/docs_test.py"],
            environment: ["API_URL": "http://127.0.0.1:\(shop.api.port)", "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(try await browser.waitForExit(within: .seconds(300)) == .status(0), "\(browser.output)")
    }
}
