import FoundationEssentials
import Conveyor
import Logging
import Postgres
import RabbitMQ
import ServiceLifecycle
import Shop
import Transfer

/// Binds the events that endpoints want to the worker's queue, and removes bindings that none needs any more: so a shop without endpoints has no costs for
/// webhooks.
///
/// The table `wanted_events` lists the wanted types. Each worker reads it every second, and then also publishes events that no other queue receives. These
/// bindings are not part of the topology that an order depends on: if the broker loses one, the next check (``pause``) restores it, and no order waits.
struct EventBindings: Service {
    private let api: ManagementAPI
    private let pool: PostgresPool
    private let logger: Logger

    static let queue = "webhooks"
    private static let pause = Duration.seconds(5)
    /// The time until every worker has read the table, which each does once a second.
    private static let untilKnown = Duration.milliseconds(1500)

    /// - Throws: `SettingError`.
    init(settings: Settings, pool: PostgresPool, logger: Logger) throws {
        let node = try BrokerConfiguration(urls: settings.brokerURLs(), connectionName: "")
        self.api = try ManagementAPI(
            url: settings.require("RABBITMQ_API"), vhost: node.nodes[0].virtualHost,
            client: HTTPClient(userAgent: "conveyor/\(ConveyorVersion.current)", caFile: settings.string("TLS_CA_FILE")))
        self.pool = pool
        self.logger = logger
    }

    private static let known: Statement = "select type from wanted_events where queue = $1"
    private static let want: Statement = """
        insert into wanted_events (queue, type) select $1, type from unnest($2::text[]) type on conflict (queue, type) do update set at = clock_timestamp()
        """

    /// Subscribes the queue to events. Returns when all workers publish them.
    func want(_ patterns: [String]) async throws {
        let types = PublicEvents.types(of: patterns)
        let known = Set(try await self.pool.query(Self.known, Self.queue).decode(String.self))
        do {
            for type in types { try await self.api.bind(Self.queue, to: "events", by: type) }
        } catch {
            throw Transient("the broker did not bind the events: \(error)")
        }
        try await self.pool.query(Self.want, Self.queue, types)
        // Workers do not confirm that they have read the table, so wait for longer than their interval.
        if !known.isSuperset(of: types) { try await Task.sleep(for: Self.untilKnown) }
    }

    private static let patterns: Statement = "select distinct unnest(events) from webhook_endpoints where is_active"
    /// Keeps recent rows: a handler that has just requested a type has not committed its endpoint yet.
    private static let forget: Statement = """
        delete from wanted_events where queue = $1 and not (type = any($2)) and at < clock_timestamp() - interval '1 minute' returning type
        """

    private static let eventsOf: Statement = "select events from webhook_endpoints where id = $1"

    /// The patterns of an endpoint; nil if it does not exist.
    func events(of endpoint: ID) async throws -> [String]? {
        try await self.pool.query(Self.eventsOf, endpoint).first.map { try $0[0, as: [String].self] }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.reconcile()
                } catch is CancellationError {
                    return
                } catch {
                    self.logger.warning("the wanted events cannot be read: \(error)")
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Creates missing bindings, and removes those that no endpoint wants. (`account.erased` belongs to the topology.)
    func reconcile() async throws {
        let types = PublicEvents.types(of: try await self.pool.query(Self.patterns).decode(String.self))
        let bound = Set(try await self.api.bindings(of: Self.queue).filter { $0.source == "events" }.map(\.routingKey))
        let missing = types.filter { !bound.contains($0) }
        for type in missing { try await self.api.bind(Self.queue, to: "events", by: type) }
        if !missing.isEmpty { self.logger.notice("bound again: \(missing.joined(separator: ", "))") }
        let known = Set(try await self.pool.query(Self.known, Self.queue).decode(String.self))
        if !known.isSuperset(of: types) { try await self.pool.query(Self.want, Self.queue, types) }
        for type in try await self.pool.query(Self.forget, Self.queue, types).decode(String.self) where type != AccountErased.type {
            try await self.api.unbind(Self.queue, from: "events", by: type)
        }
    }
}
