import Fixtures

/// One double for all tests that use only their own objects; it ends with the test process.
enum SharedDouble {
    private static let starting = Task { try await StripeDoubleProcess() }

    static func stripe() async throws -> Stripe { try Stripe(await self.starting.value.url) }
}
