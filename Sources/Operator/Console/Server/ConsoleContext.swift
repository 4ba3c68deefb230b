import Conveyor
import Hummingbird
import NIOCore

/// A request's context: who asks, and the form that was posted.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The session of the request; nil without one.
    var session: Session?
    /// Who is signed in cannot be found out just now.
    var isDatabaseAway = false
    /// The form of a POST, read and checked before any page sees it.
    var form = Form()
    /// The address of the client, for the throttle; of an IPv6 one its network, as one client has as many addresses as it likes.
    let client: String

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.client = source.channel.remoteAddress.flatMap { IPAddress($0) }?.network.description ?? "unknown"
    }
}

extension ConsoleContext {
    /// Whether the signed-in person may do that.
    func may(_ act: Act) -> Bool { self.session?.actor.may(act) ?? false }

    /// Under which name an act is done.
    /// - Throws: `Principal.Refused`: the role does not allow it.
    func actor(for act: Act) throws -> String {
        guard let session else { throw PageError(.unauthorized, "You are not signed in.") }
        return try session.actor.require(act)
    }
}

extension Request {
    /// The fields of the query.
    var fields: Form { Form(self.uri.query ?? "") }
}
