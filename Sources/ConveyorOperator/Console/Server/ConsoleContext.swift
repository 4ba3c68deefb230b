import Conveyor
public import Hummingbird
import NIOCore

/// A request's context: its session, and the posted form.
public struct ConsoleContext: RequestContext {
    /// Hummingbird's own part.
    public var coreContext: CoreRequestContextStorage
    /// The session of the request; nil without one.
    var session: Session?
    /// Whether the session cannot be looked up now.
    var isDatabaseAway = false
    /// The form of a POST, read and checked before any page uses it.
    public var form = Form()
    /// The client's address, for the throttle; for IPv6 its network, since one client may have all its addresses.
    let client: String

    /// The context of a request that no middleware has seen.
    public init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.client = source.channel.remoteAddress.flatMap { IPAddress($0) }?.network.description ?? "unknown"
    }
}

extension ConsoleContext {
    /// Whether the person may do that.
    public func may(_ act: Act) -> Bool { self.session?.actor.may(act) ?? false }

    /// The actor's name for an action.
    /// - Throws: `Principal.Refused` if the role does not allow it.
    public func actor(for act: Act) throws -> String {
        guard let session else { throw PageError(.unauthorized, "You are not signed in.") }
        return try session.actor.require(act)
    }
}

extension Request {
    /// The fields of the query.
    public var fields: Form { Form(self.uri.query ?? "") }
}
