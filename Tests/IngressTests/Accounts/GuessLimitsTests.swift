import Conveyor
import HTTPTypes
import Shop
import Testing

@testable import Ingress

@Suite struct GuessLimitsTests {
    private let account = GuessLimits.Account.known(.v7(milliseconds: 1_800_000_000_000))

    private static func address(_ number: Int) throws -> IPAddress { try #require(IPAddress("198.51.\(number / 256).\(number % 256)")) }

    /// Returns whether the guess was tried.
    private func guess(_ limits: GuessLimits, from client: IPAddress, isRight: Bool = false) async throws -> Bool {
        do {
            #expect(try await limits.guess(self.account, from: client) { isRight } == isRight)
            return true
        } catch let refusal as Refusal {
            #expect(refusal.problem.code == .rateLimited)
            #expect(refusal.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0)
            return false
        }
    }

    @Test func `a network has ten guesses at an account's password, one after the other or all at once`() async throws {
        let (limits, client) = (GuessLimits(Rate(60, per: 60)), try Self.address(1))
        let looked = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await self.guess(limits, from: client) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(looked == 10)
        #expect(try await !self.guess(limits, from: client, isRight: true))
        #expect(try await limits.guess(.unknown(email: "other@shop.example"), from: client) { true }, "another account is another matter")
    }

    @Test func `all networks together have a hundred guesses, and the owner's network can still sign in`() async throws {
        let (limits, owner) = (GuessLimits(Rate(60, per: 60)), try Self.address(9999))
        #expect(try await self.guess(limits, from: owner, isRight: true))
        var looked = 0
        for number in 0..<300 { looked += try await self.guess(limits, from: Self.address(number)) ? 1 : 0 }
        #expect(looked == 100)
        #expect(try await self.guess(limits, from: owner, isRight: true))
        #expect(try await self.guess(limits, from: owner))
    }

    @Test func `right passwords and other failures are not counted`() async throws {
        let (limits, client) = (GuessLimits(Rate(60, per: 60)), try Self.address(1))
        for _ in 0..<200 { #expect(try await self.guess(limits, from: client, isRight: true)) }
        for _ in 0..<200 {
            await #expect(throws: CancellationError.self) { try await limits.guess(self.account, from: client) { throw CancellationError() } }
        }
        #expect(limits.isClean(client))
        #expect(try await self.guess(limits, from: client))
        #expect(!limits.isClean(client))
    }

    @Test func `the setting can only make it stricter`() async throws {
        let (limits, client) = (GuessLimits(Rate(4, per: 3600)), try Self.address(1))
        for _ in 0..<4 { #expect(try await self.guess(limits, from: client)) }
        #expect(try await !self.guess(limits, from: client))
        #expect(try await !self.guess(limits, from: Self.address(2)))
    }
}
