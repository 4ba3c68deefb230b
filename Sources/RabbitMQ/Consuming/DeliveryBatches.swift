/// What a consumer delivers, in batches: each is everything that has arrived since the last, so batches grow with the load.
///
/// The prefetch is the bound: the broker sends no more than that many deliveries that are not acknowledged. Deliveries of a connection
/// that is lost before they were taken are dropped, since the broker will deliver them again. The sequence ends when the consumer has
/// stopped.
public struct DeliveryBatches: AsyncSequence, Sendable {
    let buffer: DeliveryBuffer

    /// Takes the batches in turn.
    public struct Iterator: AsyncIteratorProtocol {
        let buffer: DeliveryBuffer

        /// Everything that has arrived, after waiting for the first delivery if there is none; nil after the end, or when the task is
        /// cancelled while it waits.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> [Delivery]? {
            await self.buffer.next(isolation: actor)
        }

        /// Everything that has arrived, after waiting for the first delivery if there is none; nil after the end, or when the task is
        /// cancelled while it waits.
        public mutating func next() async -> [Delivery]? { await self.buffer.next(isolation: nil) }
    }

    /// An iterator. Several may be at work; each batch goes to one of them.
    public func makeAsyncIterator() -> Iterator { Iterator(buffer: self.buffer) }
}
