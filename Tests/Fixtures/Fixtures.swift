// The surroundings of tests. Servers are real, private and shared by all tests of a run; everything that a test creates in them is its own, and
// is deleted when the closure returns or throws, or when the test process ends.
//
//     import Fixtures
//     import Testing
//
//     @Suite struct PlaceOrderTests {
//         @Test func `an order of an unknown product is rejected`() async throws {
//             try await withDatabase { database in             // the shop's schema; database.url, .url(as: "orders"), .psql("select …")
//                 try await withVirtualHost { host in          // a namespace of the broker; host.amqpURL, .declareShop(), .declareQueue(…)
//                     try await withPart("orders-worker", […]) { worker in …  // the built executable; worker.signal(SIGKILL), .output
//
// - To stop, freeze or fill a server: `withPrivateBroker { broker in … }`, `withPrivatePostgres { server in … }`.
// - Mail: `let sink = try await MailSink()`, then `SMTP_PORT` is `sink.port` and `try await sink.mails(1)` waits for the first.
// - Stripe: `let stripe = try await StripeDoubleProcess(webhookURL: …)`, then `STRIPE_API_BASE` is `stripe.url`.
// - Certificates: `let authority = try await CertificateAuthority()`, then `authority.issue(for: "DNS:localhost")`.
// - To wait for something that no event announces: `try await eventually("the order is paid") { … }`. Never a sleep.
