import Conveyor
import EventThread
import FoundationEssentials
import Hummingbird
import Identity
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop

/// Builds the ingress: the one place that connects its components.
struct Composition {
    let settings: Settings
    let logger: Logger

    /// The services in the order of their dependencies, and the routes of the server among them.
    /// - Throws: `SettingError`.
    func build() async throws -> (services: [any Service], routes: Routes) {
        let (settings, logger) = (self.settings, self.logger)
        let limits = try ServerLimits(settings: settings)
        // One thread for everything that a write waits for: one wake-up serves its message and its inbox lookup.
        let thread = EventThread(name: "clients")
        let poolSize = try settings.int("DATABASE_POOL_SIZE", default: 6, in: 1...100)
        let pool = try self.pool(of: "DATABASE_URL", size: poolSize, thread)
        // Reads that follow a change go to the primary: a replica may receive the change after the event that invalidates the cache.
        let searched = settings.isSet("DATABASE_READ_URL") ? try self.pool(of: "DATABASE_READ_URL", size: poolSize, thread) : pool
        // Permissions come from the primary, not from a replica that lags, and never queue behind searches.
        let accounts = try PostgresPool(
            url: settings.databaseURL(), size: 2, applicationName: "ingress accounts", statementTimeout: .seconds(3), acquireTimeout: .seconds(3),
            thread: thread, logger: logger)
        let publisher = Publisher(configuration: try self.broker("ingress publisher"), thread: thread, logger: logger)
        let consumer = Consumer(
            configuration: try self.broker("ingress events"),
            queue: .exclusive(bindings: ChangeFeed.bindings), prefetch: 1000, thread: thread, logger: logger)
        Metrics.observe(pool)
        Metrics.observe(publisher)
        Metrics.observe(consumer)
        let feed = ChangeFeed(consumer: consumer, publisher: publisher, tasks: EventThreadTasks(thread), logger: logger)

        let keys = try settings.signingKeys()
        let tokens = Tokens(secret: keys[0], previous: Array(keys.dropFirst()), environment: try settings.environment().rawValue)
        let operations = OperationReader(pool: pool, feed: feed, keys: keys.map { OperationKey(secret: $0) }, waits: limits.waits)
        let loadShedding = try LoadShedding(settings: settings, configuration: self.broker("ingress inspector"), logger: logger)
        let idempotency = IdempotencyStore(pool: pool, tasks: EventThreadTasks(thread))
        feed.subscribe(keys: { idempotency.hear($0, $1) })
        let intake = Intake(publisher: publisher, loadShedding: loadShedding, operations: operations, idempotency: idempotency, secrets: keys)
        let authenticator = Authenticator(
            tokens: tokens, accessLifetime: try settings.minutes("ACCESS_TOKEN_EXPIRE_MINUTES") / .seconds(1), pool: accounts, feed: feed)

        let unready: @Sendable () async -> [String] = {
            var reasons: [String] = []
            if let unreadiness = publisher.unreadiness {
                reasons.append("broker: \(unreadiness)")
            } else if !loadShedding.isReady {
                reasons.append("broker: the lengths of its queues are not known yet")
            }
            if !pool.isReachable { reasons.append("database: not reachable") }
            return reasons
        }
        let rates = try RateLimits(settings: settings, requests: limits.requests)
        var routes = Routes()
        // The API's port is public.
        let isProduction = try settings.environment() == .production
        HealthController(unready: unready, servesMetrics: !settings.isSet("METRICS_PORT") && !isProduction).add(to: &routes)
        try AccountsController(
            intake: intake, authenticator: authenticator, issuer: TokenIssuer(tokens: tokens, settings: settings), passwords: PasswordHasher(),
            sessions: Sessions(pool: accounts), pool: accounts, guesses: rates.guesses,
            turns: FairQueue(places: PasswordHasher.threads, perClient: 4, room: 512), secrets: keys
        ).add(to: &routes)
        OperationsController(operations: operations, authenticator: authenticator).add(to: &routes)
        let categories = CategoryReader(pool: pool, feed: feed)
        CategoriesController(intake: intake, authenticator: authenticator, categories: categories).add(to: &routes)
        ProductsController(
            intake: intake, authenticator: authenticator, products: ProductReader(pool: pool, feed: feed),
            search: ProductSearch(pool: searched, categories: categories),
            // Some connections stay free for short reads.
            turns: FairQueue(places: max(1, poolSize - 2), perClient: limits.requests, room: limits.searches)
        ).add(to: &routes)
        StockController(intake: intake, authenticator: authenticator, pool: pool).add(to: &routes)
        let carts = CartReader(pool: pool, currency: try settings.currency())
        CartController(intake: intake, authenticator: authenticator, carts: carts).add(to: &routes)
        let (users, orders, timelines) = (UserReader(pool: pool), OrderReader(pool: pool), TimelineReader(pool: pool))
        UsersController(
            intake: intake, authenticator: authenticator, users: users,
            personalData: PersonalDataReader(pool: pool, users: users, carts: carts, orders: orders, timelines: timelines)
        ).add(to: &routes)
        OrdersController(intake: intake, authenticator: authenticator, orders: orders, timelines: timelines).add(to: &routes)
        let addresses = try OutwardAddresses(settings)
        PushController(
            intake: intake, authenticator: authenticator, pool: pool, publicKey: try settings.vapidKeys().first?.publicKey, addresses: addresses
        ).add(to: &routes)
        WebhookEndpointsController(intake: intake, authenticator: authenticator, pool: pool, addresses: addresses, secrets: keys).add(to: &routes)
        let streams = LiveStreams(limit: limits.streams)
        OrderEventsController(authenticator: authenticator, orders: orders, timelines: timelines, feed: feed, streams: streams).add(to: &routes)
        PaymentsController(intake: intake, authenticator: authenticator, orders: orders).add(to: &routes)
        try StripeWebhook(intake: intake, settings: settings).add(to: &routes)

        DocsController().add(to: &routes)

        let server = try HTTPServer(
            settings: settings, logger: logger, routes: routes, rates: rates, limits: limits)
        let start = try StartTimeout(settings: settings, logger: logger, unready: unready)
        let health = try HealthServer(settings: settings, logger: logger, unready: unready)
        var services: [any Service] = health.map { [$0] } ?? []
        services += [pool, accounts]
        if searched !== pool { services.append(searched) }
        services += [publisher, consumer, feed, loadShedding, start, server, streams]
        return (services, routes)
    }

    private func pool(of setting: Setting, size: Int, _ thread: EventThread) throws -> PostgresPool {
        try PostgresPool(
            url: self.settings.databaseURL(setting), size: size,
            applicationName: "ingress", statementTimeout: .seconds(10), acquireTimeout: .seconds(3), thread: thread, logger: self.logger)
    }

    private func broker(_ name: String) throws -> BrokerConfiguration {
        try BrokerConfiguration(urls: self.settings.brokerURLs(), connectionName: name, tlsCAFile: self.settings.string("TLS_CA_FILE"))
    }
}
