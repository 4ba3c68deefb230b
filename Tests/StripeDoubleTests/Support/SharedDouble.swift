import Fixtures

/// One double for all tests that mind only objects of their own; it ends with the test process.
enum SharedDouble {
    private static let starting = Task { try await StripeDoubleProcess() }

    static func stripe() async throws -> Stripe { try Stripe(await self.starting.value.url) }
}
