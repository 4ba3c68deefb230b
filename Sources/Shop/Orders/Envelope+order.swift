public import Conveyor

extension Envelope {
    /// The order in the message's payload; nil if there is none.
    public func orderID(_ payload: [UInt8]) -> ID? { Self.orderID(type: self.type, messageID: self.originalID, payload) }

    /// The order of a message: the member `order_id` of its payload, or the message's own id if it creates one.
    public static func orderID(type: String, messageID: ID, _ payload: [UInt8]) -> ID? {
        struct Subject: Decodable {
            var orderID: ID?
            enum CodingKeys: String, CodingKey { case orderID = "order_id" }
        }
        if type == PlaceOrder.type || type == CheckoutCart.type { return messageID }
        let named = (try? JSON.decode(Subject.self, from: payload))?.orderID
        return named ?? (type == ReserveStock.type ? messageID : nil)
    }
}
