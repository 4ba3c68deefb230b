public import Conveyor

/// The states of an order. See `after(_:)` for how one follows another.
public enum OrderStatus: String, Codable, Sendable, CaseIterable {
    case pending
    case awaitingPayment = "awaiting_payment"
    case paid, shipped, completed
    case rejected, cancelled, expired
}

/// What can happen to an order.
public enum OrderTrigger: String, Sendable, CaseIterable {
    /// All lines are held by the inventory.
    case stockReserved
    /// At least one line could not be held.
    case stockRefused
    /// Stripe says that the money is there.
    case paid
    /// All lines are held for an order whose money came after it was given up, and which asked for them again.
    case stockReservedAgain
    /// At least one line of such an order is gone.
    case stockRefusedAgain
    /// The customer, or an operator, cancels it.
    case cancel
    /// Its payment deadline has passed and no payment can win any more.
    case expire
    /// It was handed to the carrier.
    case ship
    /// It has arrived.
    case complete
}

/// What a trigger does to an order.
public enum OrderStep: Sendable, Equatable {
    /// The order's next state.
    case moves(to: OrderStatus)
    /// Late, doubled or out of order: recorded in the timeline, nothing else.
    case ignored
    /// A client's command that is not allowed now, and the code that says so.
    case refused(Problem.Code)
    /// Money for an order that was given up: reserve again if stock is left, else refund.
    case revive
    /// Money for an order that can no longer be served: give it back.
    case refund
    /// Stock that was taken for an order that no longer wants it: give it back.
    case releaseStock
    /// It came before what must have led to it, which is on its way: try again later.
    case wait
}

extension OrderStatus {
    /// The whole state machine: no I/O, total over states and triggers. Only the money of a customer brings an order back that was given up, as paid;
    /// nothing else ever leads back.
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
