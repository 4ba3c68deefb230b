/// What a consumer delivers, in batches: each is everything that has arrived since the last.
public struct DeliveryBatches: AsyncSequence, Sendable {
    /// Takes the batches in turn.
    public struct Iterator: AsyncIteratorProtocol {
        /// Everything that has arrived, waiting for the first if there is none; nil after the end.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> [Delivery]? { nil }
        /// Everything that has arrived, waiting for the first if there is none; nil after the end.
        public mutating func next() async -> [Delivery]? { await self.next(isolation: nil) }
    }
    /// An iterator; each batch goes to one.
    public func makeAsyncIterator() -> Iterator { Iterator() }
}
