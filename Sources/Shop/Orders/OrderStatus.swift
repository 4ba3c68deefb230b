public import Conveyor

/// The states of an order. See `after(_:)` for the transitions.
public enum OrderStatus: String, Codable, Sendable, CaseIterable {
    case pending
    case awaitingPayment = "awaiting_payment"
    case paid, shipped, completed
    case rejected, cancelled, expired
}

/// The triggers of a transition.
public enum OrderTrigger: String, Sendable, CaseIterable {
    /// The inventory reserved all lines.
    case stockReserved
    /// At least one line could not be reserved.
    case stockRefused
    /// Stripe has the money.
    case paid
    /// All lines are reserved again for an order that was paid after it had been given up.
    case stockReservedAgain
    /// At least one line of such an order is no longer available.
    case stockRefusedAgain
    /// The customer, or an operator, cancelled it.
    case cancel
    /// The payment deadline passed, and no payment can succeed any more.
    case expire
    /// It was handed to the carrier.
    case ship
    /// It was delivered.
    case complete
}

/// The effect of a trigger.
public enum OrderStep: Sendable, Equatable {
    /// The order's next state.
    case moves(to: OrderStatus)
    /// Late, repeated or out of order: recorded in the timeline only.
    case ignored
    /// A client's command that is not allowed now, with the problem's code.
    case refused(Problem.Code)
    /// Money for an order that was given up: reserve its stock again, or else refund.
    case revive
    /// Money for an order that can no longer be fulfilled: refund it.
    case refund
    /// Stock for an order that no longer needs it: release it.
    case releaseStock
    /// It came before the message that must precede it, which is on its way: retry later.
    case wait
}

extension OrderStatus {
    /// The whole state machine: no I/O, total over states and triggers. The only way back from a final state is a customer's payment, which makes the
    /// order paid.
    public func after(_ trigger: OrderTrigger) -> OrderStep {
        switch (self, trigger) {
        case (.pending, .stockReserved): .moves(to: .awaitingPayment)
        case (.pending, .stockRefused): .moves(to: .rejected)
        case (.awaitingPayment, .paid): .moves(to: .paid)
        case (.awaitingPayment, .expire): .moves(to: .expired)
        case (.pending, .cancel), (.awaitingPayment, .cancel), (.paid, .cancel): .moves(to: .cancelled)
        case (.paid, .ship): .moves(to: .shipped)
        case (.shipped, .complete): .moves(to: .completed)

        case (.pending, .paid): .wait
        case (.cancelled, .stockReserved), (.expired, .stockReserved), (.rejected, .stockReserved): .releaseStock
        case (.cancelled, .paid), (.expired, .paid), (.rejected, .paid): .revive
        case (.cancelled, .stockReservedAgain), (.expired, .stockReservedAgain), (.rejected, .stockReservedAgain): .moves(to: .paid)
        case (.cancelled, .stockRefusedAgain), (.expired, .stockRefusedAgain), (.rejected, .stockRefusedAgain): .refund

        case (_, .cancel): .refused(.notCancellable)
        case (_, .ship): .refused(.notShippable)
        case (_, .complete): .refused(.notCompletable)
        case (_, .stockReserved), (_, .stockRefused), (_, .paid), (_, .stockReservedAgain), (_, .stockRefusedAgain), (_, .expire): .ignored
        }
    }
}
