public import Conveyor

/// Registers a partner's endpoint; its id is the message's.
public struct CreateWebhookEndpoint: Command {
    /// `webhooks.create_endpoint`.
    public static let type = "webhooks.create_endpoint"

    /// The address of the deliveries.
    public var url: String
    /// Types of events, `<area>.*` or `*`.
    public var events: [String]
    /// True if nil.
    public var isActive: Bool?
    /// For people.
    public var description: String?
    /// The signing secret, sealed under `SECRET_KEY`.
    public var sealedSecret: String

    /// Registers a partner's endpoint; its id is the message's.
    public init(url: String, events: [String], isActive: Bool?, description: String?, sealedSecret: String) {
        self.url = url
        self.events = events
        self.isActive = isActive
        self.description = description
        self.sealedSecret = sealedSecret
    }

    enum CodingKeys: String, CodingKey {
        case url, events
        case isActive = "is_active"
        case description
        case sealedSecret = "sealed_secret"
    }
}

/// Changes an endpoint; nil leaves a field unchanged.
public struct UpdateWebhookEndpoint: OrderedCommand {
    /// `webhooks.update_endpoint`.
    public static let type = "webhooks.update_endpoint"

    /// The endpoint.
    public var endpointID: ID
    /// The address of the deliveries.
    public var url: String?
    /// Types of events, `<area>.*` or `*`.
    public var events: [String]?
    /// Whether events are sent.
    public var isActive: Bool?
    /// For people.
    public var description: String?

    /// Changes an endpoint; nil leaves a field unchanged.
    public init(endpointID: ID, url: String? = nil, events: [String]? = nil, isActive: Bool? = nil, description: String? = nil) {
        self.endpointID = endpointID
        self.url = url
        self.events = events
        self.isActive = isActive
        self.description = description
    }

    enum CodingKeys: String, CodingKey {
        case endpointID = "endpoint_id"
        case url, events
        case isActive = "is_active"
        case description
    }
}

/// Deletes an endpoint with its deliveries.
public struct DeleteWebhookEndpoint: Command {
    /// `webhooks.delete_endpoint`.
    public static let type = "webhooks.delete_endpoint"

    /// The endpoint.
    public var endpointID: ID

    /// Deletes an endpoint with its deliveries.
    public init(endpointID: ID) { self.endpointID = endpointID }

    enum CodingKeys: String, CodingKey { case endpointID = "endpoint_id" }
}

/// Replaces an endpoint's secret; the previous one also signs for a day.
public struct RotateWebhookSecret: Command {
    /// `webhooks.rotate_secret`.
    public static let type = "webhooks.rotate_secret"

    /// The endpoint.
    public var endpointID: ID
    /// The new secret, sealed under `SECRET_KEY`.
    public var sealedSecret: String

    /// Replaces an endpoint's secret.
    public init(endpointID: ID, sealedSecret: String) {
        self.endpointID = endpointID
        self.sealedSecret = sealedSecret
    }

    enum CodingKeys: String, CodingKey {
        case endpointID = "endpoint_id"
        case sealedSecret = "sealed_secret"
    }
}

/// Sends a test delivery about the endpoint itself; its id is the message's.
public struct PingWebhookEndpoint: Command {
    /// `webhooks.ping`.
    public static let type = "webhooks.ping"

    /// The endpoint.
    public var endpointID: ID

    /// Sends a test delivery about the endpoint itself.
    public init(endpointID: ID) { self.endpointID = endpointID }

    enum CodingKeys: String, CodingKey { case endpointID = "endpoint_id" }
}

/// Sends a delivery again, under the same `webhook-id`.
public struct RedeliverWebhook: Command {
    /// `webhooks.redeliver`.
    public static let type = "webhooks.redeliver"

    /// Its endpoint.
    public var endpointID: ID
    /// The delivery.
    public var deliveryID: ID

    /// Sends a delivery again.
    public init(endpointID: ID, deliveryID: ID) {
        self.endpointID = endpointID
        self.deliveryID = deliveryID
    }

    enum CodingKeys: String, CodingKey {
        case endpointID = "endpoint_id"
        case deliveryID = "delivery_id"
    }
}

/// Switches off an endpoint that only fails, and notifies the staff. Sent by webhooks-worker itself.
public struct SwitchOffWebhookEndpoint: Command {
    /// `webhooks.switch_off`.
    public static let type = "webhooks.switch_off"

    /// The endpoint.
    public var endpointID: ID
    /// `gone` or `failing`.
    public var reason: String

    /// Switches an endpoint off.
    public init(endpointID: ID, reason: String) {
        self.endpointID = endpointID
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case endpointID = "endpoint_id"
        case reason
    }
}
