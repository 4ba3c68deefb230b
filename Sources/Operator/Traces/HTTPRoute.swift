import Conveyor
import ConveyorOperator
import Shop

/// The request of a command.
enum HTTPRoute {
    /// The route, if a message of that type and id came from the ingress: its ids have version 7, or 8 for an idempotency key or a Stripe
    /// event, unlike those of other commands.
    static func of(_ type: String, messageID: ID) -> String? {
        let version = messageID.high >> 12 & 0xf
        return version == 7 || version == 8 ? MessageCatalogue.routes[type] : nil
    }
}
