extension Ledger {
    /// Executes a timer's action, unless the object's state has changed in the meantime.
    func fire(_ action: Timer.Action) {
        switch action {
        case .settle(let id):
            guard case .processes(let failure, _)? = self.intents[id]?.paymentMethod.flatMap({ self.methods[$0] })?.test.outcome else { return }
            _ = try? self.settle(id, failure: failure)
        case .dispute(let id):
            guard let charge = self.charges[id] else { return }
            _ = try? self.dispute(charge, amount: nil, reason: "fraudulent", status: .needsResponse)
        case .finishRefund(let id, let status):
            _ = try? self.finishRefund(id, as: status, failureReason: nil)
        }
    }
}
