import Fixtures
import Testing

@Suite struct IngressProcessTests {
    @Test func `the executable was built beside the tests and can be run`() async throws {
        try await Command.run(Repository.executable("ingress"), ["--help"])
    }
}
