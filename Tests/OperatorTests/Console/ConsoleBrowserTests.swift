import Fixtures
import Testing

/// The console in Chromium, driven by `Tests/Browser/console_test.py`.
@Suite struct ConsoleBrowserTests {
    @Test func `an operator gets everything done in a real browser without errors, with JavaScript and without`() async throws {
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
