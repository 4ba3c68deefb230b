import Conveyor
import ConveyorTesting
import Fixtures
import Postgres
import Shop
import Testing

@testable import Orders

@Suite struct CartTests {
    /// A cart: quantities by product.
    private func cart(of user: ID, _ bench: Bench) async throws -> [ID: Int] {
        let rows = try await bench.owner.query("select product_id, quantity from cart_items where user_id = $1 and quantity > 0", user)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0[0, as: ID.self], Int(try $0[1, as: Int32.self])) })
    }

    private func set(_ user: ID, _ product: ID, _ quantity: Int, at time: Int64) -> Sent {
        Sent(SetCartItem(userID: user, productID: product, quantity: quantity), by: user, sentAt: time)
    }

    private func clear(_ user: ID, at time: Int64) -> Sent { Sent(ClearCart(userID: user), by: user, sentAt: time) }

    private func checkout(_ user: ID, at time: Int64 = Clock.milliseconds()) -> Sent {
        Sent(CheckoutCart(userID: user, shippingAddress: Bench.address), by: user, sentAt: time)
    }

    @Test func `a quantity is absolute, and 0 removes the item`() async throws {
        try await withBench { bench in
            let (user, a, b) = (try await bench.user(), try await bench.product(), try await bench.product())
            #expect(try await bench.handle(self.set(user, a, 3, at: 1)).emitted == ["cart.changed"])
            try await bench.handle(self.set(user, a, 2, at: 2))
            try await bench.handle(self.set(user, b, 7, at: 3))
            #expect(try await self.cart(of: user, bench) == [a: 2, b: 7])
            try await bench.handle(self.set(user, a, 0, at: 4))
            #expect(try await self.cart(of: user, bench) == [b: 7])
        }
    }

    @Test func `the newest command for an item wins, in any order`() async throws {
        try await withBench { bench in
            let (user, product) = (try await bench.user(), try await bench.product())
            for time in [5, 2, 9, 1, 8, 9, 3] as [Int64] { try await bench.handle(self.set(user, product, Int(time), at: time)) }
            #expect(try await self.cart(of: user, bench) == [product: 9])
            // In one batch too.
            _ = try await bench.take([30, 10, 20].map { self.set(user, product, Int($0), at: $0) })
            #expect(try await self.cart(of: user, bench) == [product: 30])
            // A removal is a command like any other.
            try await bench.handle(self.set(user, product, 0, at: 50))
            try await bench.handle(self.set(user, product, 4, at: 40))
            #expect(try await self.cart(of: user, bench) == [:])
        }
    }

    @Test func `clearing removes earlier items, and is rejected after newer changes`() async throws {
        try await withBench { bench in
            let (user, a, b) = (try await bench.user(), try await bench.product(), try await bench.product())
            try await bench.handle(self.set(user, a, 1, at: 10))
            #expect(try await bench.handle(self.clear(user, at: 20)).emitted == ["cart.changed"])
            #expect(try await self.cart(of: user, bench) == [:])
            // A late command was meant for the previous cart.
            #expect(try await bench.handle(self.set(user, b, 5, at: 15)).problem == .superseded)
            #expect(try await self.cart(of: user, bench) == [:])
            try await bench.handle(self.set(user, b, 5, at: 25))
            #expect(try await bench.handle(self.clear(user, at: 22)).problem == .superseded)
            #expect(try await self.cart(of: user, bench) == [b: 5])
        }
    }

    @Test func `a cart contains the result of the succeeded commands, in any order`() async throws {
        try await withBench { bench in
            let product = [try await bench.product(), try await bench.product()]
            func commands(_ user: ID) -> [Sent] {
                [
                    self.set(user, product[0], 1, at: 1), self.set(user, product[1], 2, at: 2), self.clear(user, at: 3),
                    self.set(user, product[0], 4, at: 4), self.set(user, product[0], 5, at: 5), self.set(user, product[1], 6, at: 6),
                    self.set(user, product[1], 0, at: 7), self.clear(user, at: 8), self.set(user, product[1], 9, at: 9),
                ]
            }
            for round in 0..<30 {
                let user = try await bench.user()
                var succeeded: [Sent] = []
                for command in round == 0 ? commands(user) : commands(user).shuffled() {
                    if try await bench.handle(command).problem == nil { succeeded.append(command) }
                }
                if round == 0 { #expect(succeeded.count == 9) }
                var expected: [ID: Int] = [:]
                for command in succeeded.sorted(by: { $0.envelope.sentAt < $1.envelope.sentAt }) {
                    if let item = command.payload as? SetCartItem { expected[item.productID] = item.quantity } else { expected = [:] }
                }
                #expect(try await self.cart(of: user, bench) == expected.filter { $0.value > 0 })
            }
        }
    }

    @Test func `an impossible item is refused with the reason`() async throws {
        try await withBench { bench in
            let (user, inactive) = (try await bench.user(), try await bench.user(isActive: false))
            let (product, archived) = (try await bench.product(), try await bench.product(isActive: false))
            let replies = try await bench.take([
                self.set(inactive, product, 1, at: 1), self.set(user, .new(), 1, at: 1), self.set(user, archived, 1, at: 1),
                self.set(user, product, -1, at: 1), self.set(user, product, 1001, at: 1), self.set(user, product, 1, at: 1),
                // A removal needs no product.
                self.set(user, archived, 0, at: 1),
            ]).map { try $0.reply }
            #expect(
                replies.map { $0.problem?.code } == [.userInactive, .productUnknown, .productUnavailable, .invalid, .invalid, nil, nil])
            #expect(try await self.cart(of: user, bench) == [product: 1])
        }
    }

    @Test func `a checkout makes an order and empties the cart in one transaction`() async throws {
        try await withBench { bench in
            let (user, a, b) = (try await bench.user(), try await bench.product(unitAmount: 100), try await bench.product(unitAmount: 7))
            try await bench.handle(self.set(user, a, 2, at: 1))
            try await bench.handle(self.set(user, b, 3, at: 2))
            let order = self.checkout(user)
            let reply = try await bench.handle(order)
            #expect(reply.emitted == ["inventory.reserve", "order.placed", "cart.changed"])
            #expect(try await bench.state(of: order.id).total == 221)
            #expect(
                try await bench.lines(of: order.id)
                    == [OrderLine(productID: a, quantity: 2), OrderLine(productID: b, quantity: 3)].sorted { $0.productID < $1.productID })
            #expect(try await self.cart(of: user, bench) == [:])
            #expect(try await bench.handle(self.checkout(user)).problem?.code == .cartEmpty)
            // The next cart is a new one.
            try await bench.handle(self.set(user, a, 1, at: Clock.milliseconds() + 1))
            #expect(try await self.cart(of: user, bench) == [a: 1])
        }
    }

    @Test func `a cart that cannot be ordered stays as it is`() async throws {
        try await withBench { bench in
            let (user, product, euros) = (try await bench.user(), try await bench.product(), try await bench.product(currency: "eur"))
            try await bench.handle(self.set(user, product, 2, at: 1))
            try await bench.handle(self.set(user, euros, 2, at: 1))
            #expect(try await bench.handle(self.checkout(user)).problem?.code == .productUnavailable)
            #expect(try await self.cart(of: user, bench) == [product: 2, euros: 2])
            try await bench.handle(self.set(user, euros, 0, at: 2))
            try await bench.handle(ArchiveProduct(productID: product))
            #expect(try await bench.handle(self.checkout(user)).problem?.code == .productUnavailable)
            try await bench.owner.query("update users set is_active = false where id = $1", user)
            #expect(try await bench.handle(self.checkout(user)).problem?.code == .userInactive)
            #expect(try await bench.count("select count(*) from orders") == 0)
        }
    }

    @Test func `a cart with more lines than an order allows is refused`() async throws {
        try await withBench { bench in
            let user = try await bench.user()
            var items: [Sent] = []
            for _ in 0..<101 { items.append(self.set(user, try await bench.product(), 1, at: 1)) }
            _ = try await bench.take(items)
            #expect(try await bench.handle(self.checkout(user)).problem?.code == .invalid)
        }
    }

    @Test func `32 simultaneous checkouts of a cart make one order`() async throws {
        try await withBench(connections: 16) { bench in
            let (user, product) = (try await bench.user(), try await bench.product())
            try await bench.handle(self.set(user, product, 2, at: 1))
            let replies = try await withThrowingTaskGroup(of: [Reply].self) { group in
                // Alone and in batches of two.
                for index in 0..<24 {
                    let batch = (0..<(index < 8 ? 2 : 1)).map { _ in self.checkout(user) }
                    group.addTask { try await bench.take(batch).map { try $0.reply } }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(replies.count == 32)
            #expect(replies.filter { $0.problem == nil }.count == 1)
            #expect(replies.filter { $0.problem?.code == .cartEmpty }.count == 31)
            #expect(try await bench.count("select count(*) from orders") == 1)
            #expect(try await bench.count("select count(*) from order_items") == 1)
        }
    }

    @Test func `batches with overlapping carts never deadlock`() async throws {
        try await withBench(connections: 8) { bench in
            var users: [ID] = []
            for _ in 0..<12 { users.append(try await bench.user()) }
            let product = try await bench.product()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<24 {
                    let batch = users.shuffled().prefix(8).map { self.set($0, product, round + 1, at: Int64(round)) }
                    group.addTask { _ = try await bench.take(batch) }
                }
                try await group.waitForAll()
            }
            for user in users { #expect(try await self.cart(of: user, bench).count == 1) }
        }
    }
}
