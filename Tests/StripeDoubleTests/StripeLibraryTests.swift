import Fixtures
import Testing

@testable import StripeDouble

/// Stripe's official Python library, driven by `Tests/StripeLibrary/test_stripe_double.py`.
@Suite struct StripeLibraryTests {
    @Test func `Stripe's own library works with the double`() async throws {
        let double = try await StripeDoubleProcess()
        let library = try ChildProcess(
            try await TestPython.path(), ["-m", "pytest", "-q", "-p", "no:cacheprovider", Repository.path + "/Tests/StripeLibrary"],
            environment: [
                "STRIPE_API_BASE": double.url, "STRIPE_SECRET_KEY": StripeDoubleProcess.secretKey,
                "STRIPE_WEBHOOK_SECRET": StripeDoubleProcess.webhookSecret, "STRIPE_VERSION": StripeVersion.current, "PYTHONDONTWRITEBYTECODE": "1",
            ])
        #expect(try await library.waitForExit(within: .seconds(300)) == .status(0), "\(library.output)")
        #expect(try await double.stop() == .status(0))
    }
}
