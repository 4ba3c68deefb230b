import Conveyor
import EventThread
import Fixtures
import Postgres
import RabbitMQ
import Shop
import Testing

@testable import Ingress

/// One key is one operation, with any body, on any ingress, at any time.
@Suite struct IdempotencyTests {
    private struct Client {
        let shop: TestShop
        let customer: TestShop.Customer
        let product: String

        init() async throws {
            self.shop = try await TestShop.shared()
            self.customer = try await self.shop.customer()
            self.product = try await self.shop.product()
        }

        /// Sets a quantity with a key.
        func set(_ quantity: Int64, _ key: String, at api: API, waiting: Bool = false) async throws -> Answer {
            try await api.send(
                "PUT", "/cart/items/\(self.product)", ["quantity": .int(quantity)], by: self.customer.token, waiting: waiting,
                headers: ["Idempotency-Key": key])
        }

        func operation(_ answer: Answer, at api: API) async throws -> Answer {
            try await api.get("/operations/\(answer["operation_id"].text ?? "")?wait=20", by: self.customer.token)
        }

        /// The items in the cart.
        func quantity() async throws -> String? {
            try await self.shop.database.value("select quantity from cart_items where user_id = '\(self.customer.id)'")
        }

        /// Runs `body` while no worker can handle commands for the customer's cart.
        func whileCartIsLocked(_ body: () async throws -> Void) async throws {
            let pool = try PostgresPool(
                url: self.shop.database.url, size: 1, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
            try await pool.query("insert into carts (user_id) values ($1)", try #require(ID(self.customer.id)))
            try await pool.transaction { transaction in
                try await transaction.query("select from carts where user_id = $1 for update", try #require(ID(self.customer.id)))
                try await body()
            }
            await pool.close()
        }
    }

    @Test func `of two simultaneous bodies with one key, one is accepted and the other refused`() async throws {
        let client = try await Client()
        for round in 0..<12 {
            let key = "at once \(round)"
            async let first = client.set(1, key, at: client.shop.api)
            async let second = client.set(2, key, at: client.shop.api)
            let answers = try await [first, second]
            #expect(answers.map(\.status).sorted() == [202, 422])
            let (winner, loser) = answers[0].status == 202 ? (1, 2) : (2, 1)
            let again = try await client.set(Int64(winner), key, at: client.shop.api, waiting: true)
            #expect(again.status == 200)
            #expect(again["operation_id"] == answers[winner - 1]["operation_id"])
            let wrong = try await client.set(Int64(loser), key, at: client.shop.api, waiting: true)
            #expect(wrong.status == 422 && wrong.code == "idempotency_key_reused")
            #expect(try await client.quantity() == "\(winner)")
        }
    }

    @Test func `another ingress knows the body of a key whose message is not handled yet`() async throws {
        let client = try await Client()
        let (api, other) = (client.shop.api, client.shop.other)
        try await client.whileCartIsLocked {
            let first = try await withConsumer(
                client.shop.host.amqpURL, queue: .exclusive(bindings: [(exchange: "events", routingKey: IngressBeat.type)])
            ) { consumer in
                let first = try await client.set(1, "told", at: api)
                #expect(first.status == 202)
                // The key was announced to all at the same time.
                while try await !consumer.takeAndAcknowledge(1).contains(where: {
                    try Conveyor.JSON.decode(IngressBeat.self, from: $0.body).keys != nil
                }) {}
                return first
            }
            try await eventually("the other ingress to have heard of it") { try await client.set(2, "told", at: other).status == 422 }
            for api in [api, other] {
                #expect(try await client.set(2, "told", at: api).code == "idempotency_key_reused")
                let again = try await client.set(1, "told", at: api)
                #expect(again.status == 202 && again["operation_id"] == first["operation_id"])
            }
        }
        #expect(try await client.set(1, "told", at: other, waiting: true).status == 200)
        #expect(try await client.quantity() == "1")
    }

    @Test func `of two bodies accepted by two ingresses at once, the first handled one holds, and the other's operation says so`()
        async throws
    {
        let client = try await Client()
        let (api, other) = (client.shop.api, client.shop.other)
        for round in 0..<12 {
            let key = "at two \(round)"
            async let first = client.set(1, key, at: api)
            async let second = client.set(2, key, at: other)
            let answers = try await [first, second]
            var accepted: [Int] = []
            for (index, answer) in answers.enumerated() where answer.status == 202 {
                let operation = try await client.operation(answer, at: index == 0 ? other : api)
                if operation["status"] == "succeeded" {
                    accepted.append(index + 1)
                } else {
                    #expect(operation["status"] == "rejected" && operation["problem", "code"] == "idempotency_key_reused")
                }
            }
            #expect(accepted.count == 1)
            let winner = try #require(accepted.first)
            #expect(try await client.quantity() == "\(winner)")
            for api in [api, other] {
                #expect(try await client.set(Int64(3 - winner), key, at: api, waiting: true).status == 422)
                let again = try await client.set(Int64(winner), key, at: api, waiting: true)
                #expect(again.status == 200 && again["operation_id"] == answers[winner - 1]["operation_id"])
            }
        }
    }

    @Test func `after a restart a different body is refused, and the true repetition still gets its operation`() async throws {
        let client = try await Client()
        let first = try await client.set(1, "restart", at: client.shop.api, waiting: true)
        try await client.shop.withIngress { api, _ in
            for _ in 0..<2 {
                #expect(try await client.set(2, "restart", at: api).code == "idempotency_key_reused")
                let again = try await client.set(1, "restart", at: api)
                #expect(again.status == 202 && again["operation_id"] == first["operation_id"])
            }
        }
    }

    @Test func `a message accepted before a restart and handled after it prevents another body's effect`() async throws {
        let client = try await Client()
        var wrong: Answer?
        try await client.whileCartIsLocked {
            #expect(try await client.set(1, "queued", at: client.shop.api).status == 202)
            try await client.shop.withIngress { api, _ in wrong = try await client.set(2, "queued", at: api) }
        }
        let operation = try await client.operation(try #require(wrong), at: client.shop.api)
        #expect(operation["status"] == "rejected" && operation["problem", "code"] == "idempotency_key_reused")
        #expect(try await client.set(1, "queued", at: client.shop.api, waiting: true).status == 200)
        #expect(try await client.quantity() == "1")
    }

    @Test func `a write waits only briefly for an unresponsive database`() async throws {
        try await withDatabase { database in
            let pool = try PostgresPool(url: database.url, size: 1, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
            let blocker = try PostgresPool(url: database.url, size: 1, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
            let thread = EventThread(name: "clients")
            let store = IdempotencyStore(pool: pool, tasks: EventThreadTasks(thread))
            let id = ID(high: 1, low: 2)
            #expect(await store.look(for: id).value == .notYet)
            try await blocker.transaction { transaction in
                try await transaction.query("lock table inbox in access exclusive mode")
                let started = ContinuousClock.now
                let answers = (0..<3).map { _ in store.look(for: id) }
                for answer in answers { #expect(await answer.value == .unknown) }
                #expect(ContinuousClock.now - started < .seconds(10))
                // Until it answers again no request waits.
                #expect(await store.look(for: id).value == .unknown)
                #expect(ContinuousClock.now - started < .seconds(10))
            }
            try await eventually("the database to be asked again") { await store.look(for: id).value == .notYet }
            await blocker.close()
            await pool.close()
        }
    }

    @Test func `a claim holds the key until it is taken back, or Postgres names another body`() async throws {
        let pool = try PostgresPool(
            url: "postgres://nobody@127.0.0.1:1/nowhere", size: 1, applicationName: "tests", statementTimeout: .seconds(30), logger: .silent)
        let store = IdempotencyStore(pool: pool, tasks: EventThreadTasks(EventThread(name: "clients")))
        let id = ID(high: 1, low: 2)
        #expect(store.claim(id, "a") == .new)
        #expect(store.claim(id, "a") == .repeated)
        #expect(store.claim(id, "b") == .taken)
        store.hear(id, "a")
        #expect(store.claim(id, "b") == .taken)
        store.withdraw(id, "b")
        #expect(store.claim(id, "b") == .taken)
        store.withdraw(id, "a")
        #expect(store.claim(id, "b") == .new)
        // Another ingress accepted another body at the same moment.
        store.hear(id, "a")
        #expect(store.claim(id, "a") == .repeated && store.claim(id, "b") == .repeated)
        store.settle(id, "a")
        #expect(store.claim(id, "b") == .taken)
        // Many other claims do not evict it at once.
        for low in 0..<25_000 as Range<UInt64> { _ = store.claim(ID(high: 7, low: low), "x") }
        #expect(store.claim(id, "a") == .repeated)
        await pool.close()
    }
}
