import Fixtures
import Testing

@Suite struct IngressProcessTests {
    @Test func `the executable was built beside the tests and can be run`() async throws {
        try await ChildProcess.run(Repository.executable("ingress"), ["--help"])
    }
}
