import Conveyor
import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// Turns errors into pages: never with a stack trace, a query or a secret.
struct ErrorPages: RouterMiddleware {
    let renderer: Renderer
    let logger: Logger

    struct Content: Sendable {
        let status: Int
        let message: String
        /// Whether a retry may succeed.
        let isTransient: Bool
    }

    func handle(
        _ request: Request, context: ConsoleContext, next: (Request, ConsoleContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as PageError {
            return try self.page(error.status, error.message, context)
        } catch let refused as Principal.Refused {
            return try self.page(.forbidden, "\(refused).", context)
        } catch let error as NothingFound {
            return try self.page(.notFound, "\(error)", context)
        } catch let error as PostgresError where error.isRetriable || error.kind == .timedOut {
            self.logger.warning("the database is away: \(error)")
            return try self.page(.serviceUnavailable, "The database cannot be reached.", context, isTransient: true)
        } catch let error as ManagementAPI.Refused {
            self.logger.warning("the broker's management API is away: \(error)")
            return try self.page(.serviceUnavailable, "RabbitMQ cannot be reached.", context, isTransient: true)
        } catch let error as HTTPError where error.status == .notFound {
            return try self.page(.notFound, "There is no such page.", context)
        } catch let error as HTTPError where error.status.code < 500 {
            return try self.page(error.status, "The console does not understand this request.", context)
        } catch {
            self.logger.error("a page failed: \(error)", metadata: ["path": .string(request.uri.path)])
            return try self.page(.internalServerError, "Something went wrong; see the console's log.", context)
        }
    }

    private func page(
        _ status: HTTPResponse.Status, _ message: String, _ context: ConsoleContext, isTransient: Bool = false
    ) throws -> Response {
        let content = Content(status: status.code, message: message, isTransient: isTransient)
        return try self.renderer.respond("error", title: status.reasonPhrase, content, context: context, status: status)
    }
}
