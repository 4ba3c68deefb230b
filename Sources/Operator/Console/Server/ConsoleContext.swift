import Hummingbird
import Kit
import NIOCore

/// A request's context: who asks, and the form that was posted.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who is signed in; nil if nobody is.
    var session: Session?
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
    /// Who acts, in the audit. Only somebody who is signed in gets as far as to act.
    var actor: String { self.session?.actor ?? "operator:console" }
}

extension Request {
    /// The fields of the query.
    var fields: Form { Form(self.uri.query ?? "") }
}
