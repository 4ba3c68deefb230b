import Conveyor
import Fixtures
import FoundationEssentials
import Glibc
import Testing

@Suite struct PartTests {
    private let key = "0123456789abcdef0123456789abcdef"

    private func part(_ arguments: String..., environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(Repository.executable("ExamplePart"), arguments, environment: environment, inherits: false)
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `on SIGTERM a process ends its services in reverse order and exits with 0`(signal: Int32)
        async throws
    {
        let part = try self.part()
        try await part.waits(for: "\"message\":\"ready\"")
        part.signal(signal)
        #expect(try await part.waitForExit() == .status(0))
        let second = try #require(part.standardOutput.firstRange(of: "second finished"))
        let first = try #require(part.standardOutput.firstRange(of: "first finished"))
        #expect(second.lowerBound < first.lowerBound)
        #expect(part.standardError.isEmpty)
    }

    @Test func `running work is finished before the exit`() async throws {
        let part = try self.part("--work", "400")
        try await part.waits(for: "\"message\":\"ready\"")
        part.signal(SIGTERM)
        #expect(try await part.waitForExit() == .status(0))
        #expect(part.standardOutput.contains("second finished"))
    }

    @Test func `a signal during a slow start ends the process with 0`() async throws {
        let part = try self.part("--slow-start")
        try await part.waits(for: "starting slowly")
        part.signal(SIGTERM)
        #expect(try await part.waitForExit() == .status(0))
    }

    @Test(.enabled(if: Slow.isWanted, "takes 30 s; CONVEYOR_FAULTS=1 runs it"))
    func `work that ignores its cancellation dies with the process 30 seconds after the signal, which still exits with 0`() async throws {
        let part = try self.part("--stuck")
        try await part.waits(for: "\"message\":\"ready\"")
        let began = ContinuousClock.now
        part.signal(SIGTERM)
        #expect(try await part.waitForExit(within: .seconds(40)) == .status(0))
        #expect(ContinuousClock.now - began < .seconds(31))
        #expect(part.standardOutput.contains("ended with unfinished messages"))
    }

    @Test func `wrong usage exits with 64`() async throws {
        #expect(try await self.part("--no-such-option").waitForExit() == .status(64))
        #expect(try await self.part("--log-level", "loud").waitForExit() == .status(64))
    }

    @Test func `version and help exit with 0, and the help names the settings`() async throws {
        let version = try self.part("--version")
        #expect(try await version.waitForExit() == .status(0))
        #expect(version.standardOutput == ConveyorVersion.current + "\n")
        let help = try self.part("--help")
        #expect(try await help.waitForExit() == .status(0))
        #expect(help.standardOutput.contains("PAYMENT_WINDOW_MINUTES"))
        #expect(!help.standardOutput.contains("SMTP_HOST"))
    }

    @Test func `a bad setting exits with 78 and one line that names it, without its value`() async throws {
        let part = try self.part(environment: ["SECRET_KEY": "hunter2"])
        #expect(try await part.waitForExit() == .status(78))
        #expect(part.standardError == "example-part: SECRET_KEY must have at least 32 bytes\n")
        #expect(part.standardOutput.isEmpty)

        for (name, value) in [("LOG_LEVEL", "hunter2"), ("LOG_FORMAT", "hunter2"), ("METRICS_PORT", "hunter2"), ("ENVIRONMENT", "hunter2")] {
            let part = try self.part(environment: [name: value])
            #expect(try await part.waitForExit() == .status(78))
            #expect(part.standardError.hasPrefix("example-part: \(name) must be"))
            #expect(part.standardError.filter { $0 == "\n" }.count == 1)
            #expect(!part.standardError.contains("hunter2"))
        }
    }

    @Test func `a missing file of settings exits with 78`() async throws {
        let part = try self.part("--env-file", "/no/such/file")
        #expect(try await part.waitForExit() == .status(78))
        #expect(part.standardError == "example-part: --env-file /no/such/file cannot be read\n")
    }

    @Test func `a server that is unreachable for START_TIMEOUT exits with 69 and one line without the password`() async throws {
        let began = ContinuousClock.now
        let part = try self.part("--unreachable", environment: ["START_TIMEOUT": "0.3"])
        #expect(try await part.waitForExit() == .status(69))
        #expect(ContinuousClock.now - began >= .milliseconds(300))
        #expect(part.standardError == "example-part: broker: connection refused by amqp://shop:[redacted]@127.0.0.1\n")
    }

    @Test func `a failing start exits with 1 and one line`() async throws {
        let part = try self.part("--broken")
        #expect(try await part.waitForExit() == .status(1))
        #expect(part.standardError == "example-part: the topology lacks the queue orders\n")
    }

    @Test func `a used port exits with 78 and one line`() async throws {
        let port = try TakenPort()
        let part = try self.part(environment: ["METRICS_PORT": "\(port.number)"])  // the port is still held
        #expect(try await part.waitForExit() == .status(78))
        #expect(part.standardError == "example-part: METRICS_PORT cannot be listened on: in use\n")
    }

    @Test func `SIGUSR1 logs more detail and SIGUSR2 restores the level`() async throws {
        let part = try self.part(environment: ["LOG_LEVEL": "info"])
        try await part.waits(for: "\"message\":\"ready\"")
        part.signal(SIGUSR1)
        try await part.waits(for: "log level is debug now")
        part.signal(SIGUSR1)
        try await part.waits(for: "log level is trace now")
        part.signal(SIGUSR2)
        try await part.waits(for: "log level is info now")
        part.signal(SIGTERM)
        #expect(try await part.waitForExit() == .status(0))
    }

    @Test func `no log line is lost at the exit`() async throws {
        let part = try self.part("--lines", "20000")
        try await part.waits(for: "\"message\":\"ready\"")
        part.signal(SIGTERM)
        #expect(try await part.waitForExit(within: .seconds(30)) == .status(0))
        let lines = part.standardOutput.split(separator: "\n")
        #expect(lines.count { $0.contains("\"message\":\"line\"") } == 20_000)
        #expect(lines.allSatisfy { $0.first == "{" && $0.last == "}" })
    }

    @Test func `the command line wins over the environment, and that over the files, of which the last wins`() async throws {
        let first = try Scratch.file("first.env", "LOG_LEVEL=error\nLOG_FORMAT=json\n")
        let second = try Scratch.file("second.env", "LOG_LEVEL=info\n")
        let byFile = try self.part("--env-file", first.path, "--env-file", second.path)
        try await byFile.waits(for: "\"message\":\"ready\"")
        byFile.signal(SIGTERM)
        #expect(try await byFile.waitForExit() == .status(0))

        let byOption = try self.part("--env-file", first.path, "--log-level", "debug", environment: ["LOG_LEVEL": "critical"])
        try await byOption.waits(for: "first began")
        byOption.signal(SIGTERM)
        #expect(try await byOption.waitForExit() == .status(0))
        #expect(!byOption.standardOutput.contains("hunter2"))
    }
}

/// Long tests run only on request, like the fault tests.
enum Slow {
    static let isWanted = getenv("CONVEYOR_FAULTS") != nil
}
