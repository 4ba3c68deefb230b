import Conveyor
import Shop
import Testing

struct OrderStatusTests {
    /// The effect of each trigger in each state: the next state, `–` ignored, `no` refused, or another action.
    private static let table = """
        state             stockReserved     stockRefused  paid    stockReservedAgain  stockRefusedAgain  cancel     expire   ship     complete
        pending           awaiting_payment  rejected      wait    –                   –                  cancelled  –        no       no
        awaiting_payment  –                 –             paid    –                   –                  cancelled  expired  no       no
        paid              –                 –             –       –                   –                  cancelled  –        shipped  no
        shipped           –                 –             –       –                   –                  no         –        no       completed
        completed         –                 –             –       –                   –                  no         –        no       no
        rejected          release           –             revive  paid                refund             no         –        no       no
        cancelled         release           –             revive  paid                refund             no         –        no       no
        expired           release           –             revive  paid                refund             no         –        no       no
        """

    private static let refusals: [OrderTrigger: Problem.Code] = [
        .cancel: .notCancellable, .ship: .notShippable, .complete: .notCompletable,
    ]

    private static func step(_ word: Substring, _ trigger: OrderTrigger) throws -> OrderStep {
        switch word {
        case "–": .ignored
        case "no": .refused(try #require(self.refusals[trigger]))
        case "wait": .wait
        case "release": .releaseStock
        case "revive": .revive
        case "refund": .refund
        default: .moves(to: try #require(OrderStatus(rawValue: String(word))))
        }
    }

    @Test func `every trigger has the effect of the table in every state`() throws {
        let lines = Self.table.split(separator: "\n").map { $0.split(separator: " ") }
        let triggers = lines[0].dropFirst()
        #expect(triggers.map(String.init) == OrderTrigger.allCases.map { "\($0)" })
        #expect(lines.dropFirst().map { String($0[0]) } == OrderStatus.allCases.map(\.rawValue))
        for (status, line) in zip(OrderStatus.allCases, lines.dropFirst()) {
            #expect(line.count == triggers.count + 1)
            for (trigger, word) in zip(OrderTrigger.allCases, line.dropFirst()) {
                #expect(status.after(trigger) == (try Self.step(word, trigger)), "\(status) \(trigger)")
            }
        }
    }

    @Test(arguments: OrderStatus.allCases)
    func `a repeated trigger changes nothing`(_ status: OrderStatus) {
        for trigger in OrderTrigger.allCases {
            guard case .moves(let next) = status.after(trigger) else { continue }
            if case .moves = next.after(trigger) { Issue.record("\(status) \(trigger) \(next) \(trigger)") }
        }
    }

    @Test func `a payment is paid, partially refunded or refunded`() {
        #expect(PaymentStatus.settled(refunded: 0, of: 100) == .paid)
        #expect(PaymentStatus.settled(refunded: 1, of: 100) == .partiallyRefunded)
        #expect(PaymentStatus.settled(refunded: 99, of: 100) == .partiallyRefunded)
        #expect(PaymentStatus.settled(refunded: 100, of: 100) == .refunded)
        #expect(PaymentStatus.allCases.filter(\.isSettled) == [.paid, .partiallyRefunded, .refunded])
    }
}
