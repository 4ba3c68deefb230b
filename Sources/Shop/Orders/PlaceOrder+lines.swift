public import Conveyor

extension PlaceOrder {
    /// The lines, each product once. The ingress enforces the limits; a message from elsewhere that violates them becomes a dead letter.
    /// - Throws: `Poison` `invalid_payload`.
    public func orderedLines() throws(Poison) -> [OrderLine] {
        guard OrderLine.allowedCount.contains(self.items.count) else { throw Poison(.invalidPayload, "\(self.items.count) lines") }
        for line in self.items where !OrderLine.allowedQuantity.contains(line.quantity) {
            throw Poison(.invalidPayload, "a quantity of \(line.quantity)")
        }
        return self.items.merged
    }
}
