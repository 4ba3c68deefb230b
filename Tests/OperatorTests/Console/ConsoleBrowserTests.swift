import Fixtures
import Testing

/// The console in Chromium, as `Tests/Browser/console_test.py` drives it.
@Suite struct ConsoleBrowserTests {
    @Test func `a real browser finds nothing to complain about, and somebody on call gets everything done, with JavaScript and without`() async throws
    {
        let python = try await TestPython.path()
        try await withConsole { console in
            let browser = try ChildProcess(
                python, [Repository.path + "/Tests/Browser/console_test.py"],
                environment: [
                    "CONSOLE_URL": console.base, "CONSOLE_TOKEN": ConsoleFixture.token, "DATABASE_URL": console.database.url,
                    "PYTHONDONTWRITEBYTECODE": "1",
                ])
            #expect(try await browser.waitForExit(within: .seconds(300)) == .status(0), "\(browser.output)")
        }
    }
}
