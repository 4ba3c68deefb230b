/// A consumer's deliveries in batches: each contains everything that has arrived since the last, so batches grow with the load.
///
/// The prefetch bounds them: the broker sends no more unacknowledged deliveries than that. Deliveries that were not taken before their
/// connection was lost are dropped, since the broker redelivers them. The sequence ends when the consumer has stopped.
public struct DeliveryBatches: AsyncSequence, Sendable {
    let buffer: DeliveryBuffer

    /// Takes batches from the sequence.
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

    /// An iterator. Several may run at a time; each batch goes to one of them.
    public func makeAsyncIterator() -> Iterator { Iterator(buffer: self.buffer) }
}
