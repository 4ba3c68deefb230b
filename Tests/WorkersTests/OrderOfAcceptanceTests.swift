import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Conveyor

/// Commands of one sender about one resource take effect in the order of their acceptance, or are rejected, whatever the clocks.
@Suite struct OrderOfAcceptanceTests {
    /// A value that two commands change, one after the other.
    struct Thing: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The commands, and the value that each sets.
        var commands: @Sendable (_ user: ID, _ product: ID, _ category: ID) -> [(payload: any Message, brings: String)]
        /// The current value.
        var look: String
    }

    private static let things: [Thing] = [
        Thing(
            testDescription: "price",
            commands: { _, product, _ in
                [
                    (UpdateProduct(productID: product, unitAmount: 1), "1"), (UpdateProduct(productID: product, unitAmount: 2250), "2250"),
                ]
            }, look: "select unit_amount from products"),
        Thing(
            testDescription: "whether it is sold",
            commands: { _, product, _ in [(ArchiveProduct(productID: product), "f"), (UpdateProduct(productID: product, isActive: true), "t")] },
            look: "select is_active from products"),
        Thing(
            testDescription: "count",
            commands: { _, product, _ in
                [
                    (AdjustStock(productID: product, set: 7, reason: "counted"), "7"),
                    (AdjustStock(productID: product, set: 90, reason: "counted"), "90"),
                ]
            }, look: "select stock_quantity from products"),
        Thing(
            testDescription: "count of an update",
            commands: { _, product, _ in
                [(AdjustStock(productID: product, delta: -100, reason: "lost"), "0"), (UpdateProduct(productID: product, stockQuantity: 90), "90")]
            }, look: "select stock_quantity from products"),
        Thing(
            testDescription: "category",
            commands: { _, _, category in
                [(UpdateCategory(categoryID: category, name: "First"), "First"), (UpdateCategory(categoryID: category, name: "Second"), "Second")]
            }, look: "select name from categories"),
        Thing(
            testDescription: "cart item",
            commands: { user, product, _ in
                [
                    (SetCartItem(userID: user, productID: product, quantity: 1), "1"),
                    (SetCartItem(userID: user, productID: product, quantity: 4), "4"),
                ]
            }, look: "select quantity from cart_items"),
        Thing(
            testDescription: "emptied cart",
            commands: { user, product, _ in [(SetCartItem(userID: user, productID: product, quantity: 1), "1"), (ClearCart(userID: user), "0")] },
            look: "select quantity from cart_items"),
        Thing(
            testDescription: "name",
            commands: { user, _, _ in [(UpdateProfile(userID: user, fullName: "Ada"), "Ada"), (UpdateProfile(userID: user, fullName: "Eve"), "Eve")]
            },
            look: "select full_name from users"),
        Thing(
            testDescription: "flags",
            commands: { user, _, _ in [(SetAccountFlags(userID: user, isActive: false), "f"), (SetAccountFlags(userID: user, isActive: true), "t")] },
            look: "select is_active from users"),
    ]

    private func withThing(_ thing: Thing, _ body: (Bench, [(payload: any Message, brings: String)]) async throws -> Void) async throws {
        try await withBench { bench in
            let category = Sent(CreateCategory(name: "Books"))
            try await bench.handle(category)
            try await body(bench, thing.commands(try await bench.user(), try await bench.product(), category.id))
        }
    }

    private func sent(_ payload: any Message, by sender: String?, at time: Int64 = Clock.milliseconds()) -> Sent {
        var sent = Sent(payload, sentAt: time)
        sent.envelope.sender = sender
        return sent
    }

    /// As if a worker had just tried it and failed.
    private func fail(_ message: Sent, _ bench: Bench) async throws {
        try await bench.owner.query(
            """
            insert into attempts (message_id, correlation_id, attempt, queue, type, error_type, error) values ($1, $2, 1, $3, $4, 'timed_out', '')
            """, message.id, message.envelope.correlationID, message.queue, message.type)
    }

    @Test(arguments: Self.things, [nil, "ahead"])
    func `the later accepted command takes effect, though another sender's clock is 45 s ahead`(_ thing: Thing, _ ahead: String?) async throws {
        try await self.withThing(thing) { bench, commands in
            let times = [Clock.milliseconds() + 45_000, Clock.milliseconds()]
            for (index, command) in commands.enumerated() {
                let reply = try await bench.handle(self.sent(command.payload, by: index == 0 ? ahead : "here", at: times[index]))
                #expect(reply.problem == nil)
                #expect(try await bench.database.value(thing.look) == command.brings)
            }
        }
    }

    @Test(arguments: Self.things)
    func `a failed command is rejected when it returns after a newer one`(_ thing: Thing) async throws {
        try await self.withThing(thing) { bench, commands in
            let late = self.sent(commands[0].payload, by: "ahead", at: Clock.milliseconds() + 45_000)
            try await self.fail(late, bench)
            try await bench.handle(self.sent(commands[1].payload, by: "here"))
            let before = try await bench.database.value(thing.look)
            #expect(try await bench.handle(late).problem == .superseded)
            #expect(try await bench.database.value(thing.look) == before)
            #expect(try await bench.operation(late.id) == "rejected")
        }
    }

    @Test(arguments: Self.things)
    func `a failed command takes effect when it returns before any newer one`(_ thing: Thing) async throws {
        try await self.withThing(thing) { bench, commands in
            try await bench.handle(self.sent(commands[0].payload, by: "here"))
            let again = self.sent(commands[1].payload, by: "there", at: 1)
            try await self.fail(again, bench)
            #expect(try await bench.handle(again).problem == nil)
            #expect(try await bench.database.value(thing.look) == commands[1].brings)
        }
    }

    @Test(arguments: Self.things)
    func `a command that another worker has overtaken is rejected, if one ingress accepted both`(_ thing: Thing) async throws {
        try await self.withThing(thing) { bench, commands in
            try await bench.handle(self.sent(commands[1].payload, by: "here", at: 1001))
            let before = try await bench.database.value(thing.look)
            #expect(try await bench.handle(self.sent(commands[0].payload, by: "here", at: 1000)).problem == .superseded)
            #expect(try await bench.database.value(thing.look) == before)
        }
    }

    @Test func `a change takes effect as a whole, or not at all`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 3, unitAmount: 5)
            try await bench.handle(self.sent(UpdateProduct(productID: product, unitAmount: 10), by: "here", at: 20))
            let late = UpdateProduct(productID: product, name: "Late", unitAmount: 9, stockQuantity: 50)
            #expect(try await bench.handle(self.sent(late, by: "here", at: 10)).problem == .superseded)
            #expect(try await bench.database.psql("select name like 'Late', unit_amount, stock_quantity from products") == [["f", "10", "3"]])
            try await bench.handle(self.sent(AdjustStock(productID: product, set: 8, reason: "counted"), by: "here", at: 40))
            let counts = UpdateProduct(productID: product, name: "Later", stockQuantity: 50)
            #expect(try await bench.handle(self.sent(counts, by: "here", at: 30)).problem == .superseded)
            #expect(try await bench.database.psql("select name like 'Later', stock_quantity from products") == [["f", "8"]])
        }
    }

    @Test func `differences of stock commute, but not with a count`() async throws {
        try await withBench { bench in
            let product = try await bench.product(stock: 10)
            func adjust(_ delta: Int?, _ count: Int? = nil, at time: Int64) async throws -> Problem.Code? {
                try await bench.handle(
                    self.sent(AdjustStock(productID: product, delta: delta, set: count, reason: "x"), by: "here", at: time)
                ).problem?.code
            }
            #expect(try await adjust(5, at: 30) == nil)
            #expect(try await adjust(2, at: 20) == nil)
            #expect(try await adjust(nil, 90, at: 25) == .superseded)
            #expect(try await adjust(nil, 90, at: 40) == nil)
            #expect(try await adjust(1, at: 35) == .superseded)
            #expect(try await adjust(1, at: 45) == nil)
            #expect(try await bench.stock(product) == 91)
            #expect(try await bench.imbalances() == [])
        }
    }

    @Test func `a change of a checked-out cart is rejected, and a new one fills the next cart`() async throws {
        try await withBench { bench in
            let (user, a, b) = (try await bench.user(), try await bench.product(), try await bench.product())
            let late = [
                self.sent(SetCartItem(userID: user, productID: b, quantity: 2), by: "ahead", at: Clock.milliseconds() + 45_000),
                self.sent(ClearCart(userID: user), by: "ahead", at: Clock.milliseconds() + 45_000),
            ]
            for message in late { try await self.fail(message, bench) }
            try await bench.handle(self.sent(SetCartItem(userID: user, productID: a, quantity: 1), by: "here"))
            let order = self.sent(CheckoutCart(userID: user, shippingAddress: Bench.address), by: "here")
            try await bench.handle(order)
            for message in late { #expect(try await bench.handle(message).problem?.code == .cartCheckedOut) }
            #expect(try await bench.lines(of: order.id) == [OrderLine(productID: a, quantity: 1)])
            try await bench.handle(self.sent(SetCartItem(userID: user, productID: b, quantity: 3), by: nil))
            #expect(try await bench.count("select sum(quantity) from cart_items") == 3)
        }
    }

    @Test func `a checkout older than changes of the cart does not take these`() async throws {
        try await withBench { bench in
            let (user, a, b) = (try await bench.user(), try await bench.product(), try await bench.product())
            try await bench.handle(self.sent(SetCartItem(userID: user, productID: a, quantity: 1), by: "here"))
            let late = self.sent(CheckoutCart(userID: user, shippingAddress: Bench.address), by: "there")
            try await self.fail(late, bench)
            try await bench.handle(self.sent(SetCartItem(userID: user, productID: b, quantity: 2), by: "here"))
            #expect(try await bench.handle(late).problem == .superseded)
            #expect(try await bench.count("select count(*) from orders") == 0)
            #expect(try await bench.count("select sum(quantity) from cart_items") == 3)
        }
    }

    @Test func `in a batch each command gets its own result`() async throws {
        try await withBench { bench in
            let (user, product) = (try await bench.user(), try await bench.product())
            let times: [Int64] = [5, 2, 9, 1, 8, 9, 3]
            let replies = try await bench.take(
                times.map { self.sent(SetCartItem(userID: user, productID: product, quantity: Int($0)), by: "here", at: $0) }
            ).map { try $0.reply }
            #expect(replies.map { $0.problem?.code } == [nil, .superseded, nil, .superseded, .superseded, nil, .superseded])
            #expect(try await bench.count("select sum(quantity) from cart_items") == 9)
        }
    }
}
