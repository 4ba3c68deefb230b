public import Conveyor

extension PlaceOrder {
    /// What is ordered, each product once. The ingress keeps to the limits; a message from elsewhere that does not is nobody's order.
    /// - Throws: `Poison` `invalid_payload`.
    public func orderedLines() throws(Poison) -> [OrderLine] {
        guard OrderLine.allowedCount.contains(self.items.count) else { throw Poison(.invalidPayload, "\(self.items.count) lines") }
        for line in self.items where !OrderLine.allowedQuantity.contains(line.quantity) {
            throw Poison(.invalidPayload, "a quantity of \(line.quantity)")
        }
        return self.items.merged
    }
}
