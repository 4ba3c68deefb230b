import Fixtures
import Testing

/// The shop of `ops/demo` in Chromium with the whole system, driven by `Tests/Browser/storefront_test.py`.
@Suite struct StorefrontTests {
    @Test
    func `in a real browser a customer buys, pays, is declined, comes too late, cancels and loses the connection`()
        async throws
    {
        try await withStorefront { shop in
            let browser = try ChildProcess(
                try await TestPython.path(), [Repository.path + "/Tests/Browser/storefront_test.py"],
                environment: [
                    "SHOP_URL": shop.url, "API_URL": shop.apiURL, "STRIPE_API_BASE": shop.stripeURL, "MAIL": shop.mailFolder,
                    "PYTHONDONTWRITEBYTECODE": "1",
                ])
            #expect(try await browser.waitForExit(within: .seconds(600)) == .status(0), "\(browser.output)")
        }
    }
}
