import Shop
import Testing

@Suite struct OrderStatusTests {
    @Test func `the course of an order that is paid, shipped and completed`() {
        let course: [(OrderTrigger, OrderStatus)] = [
            (.stockReserved, .awaitingPayment), (.paid, .paid), (.ship, .shipped), (.complete, .completed),
        ]
        var status = OrderStatus.pending
        for (trigger, next) in course {
            #expect(status.after(trigger) == .moves(to: next))
            status = next
        }
    }

    @Test func `no trigger ever moves an order back to a state before its own`() {
        let rank: [OrderStatus: Int] = [.pending: 0, .awaitingPayment: 1, .paid: 2, .shipped: 3, .completed: 4]
        for status in OrderStatus.allCases {
            for trigger in OrderTrigger.allCases {
                guard case .moves(let next) = status.after(trigger) else { continue }
                #expect(next != status)
                if let before = rank[status], let after = rank[next] { #expect(after > before, "\(trigger) in \(status)") }
            }
        }
    }

    @Test func `only a customer's money brings an order back that was given up`() {
        for status in [OrderStatus.rejected, .cancelled, .expired] {
            for trigger in OrderTrigger.allCases {
                switch trigger {
                case .paid: #expect(status.after(trigger) == .revive)
                case .stockReservedAgain: #expect(status.after(trigger) == .moves(to: .paid))
                default: if case .moves = status.after(trigger) { Issue.record("\(trigger) moves \(status)") }
                }
            }
        }
    }

    @Test func `an event that comes late is ignored, a command that is not allowed is refused with its code`() {
        for status in [OrderStatus.paid, .shipped, .completed] {
            for event in [OrderTrigger.stockReserved, .stockRefused, .paid, .expire] { #expect(status.after(event) == .ignored) }
        }
        #expect(OrderStatus.cancelled.after(.cancel) == .refused(.notCancellable))
        #expect(OrderStatus.shipped.after(.cancel) == .refused(.notCancellable))
        #expect(OrderStatus.awaitingPayment.after(.ship) == .refused(.notShippable))
        #expect(OrderStatus.paid.after(.complete) == .refused(.notCompletable))
    }
}
