import HTTPTypes
import Hummingbird

/// The pages for people: payment with a test card, and the bank's page for 3-D Secure. Plain forms without scripts or external resources.
struct Pages: Sendable {
    let ledger: Ledger

    func respond(to request: Request, path: [String]) async throws -> Response {
        do throws(StripeError) {
            guard path.count == 2, request.method == .get || request.method == .post else {
                throw .unknownURL(request.method.rawValue, request.uri.path)
            }
            let form = try await Self.form(of: request)
            var parameters = Parameters(form)
            return path[0] == "pay"
                ? try await self.pay(path[1], request.method, &parameters) : try await self.authenticate(path[1], request.method, &parameters)
        } catch {
            return Self.page(status: error.status, "Payment", "<p role=\"alert\">\(Self.escaped(error.message))</p>")
        }
    }

    // MARK: Paying

    private func pay(_ secret: String, _ method: HTTPRequest.Method, _ parameters: inout Parameters) async throws(StripeError) -> Response {
        let id = Self.intentID(of: secret)
        let returnURL = try parameters.text("return_url")
        let choice = try parameters.text("payment_method")
        try parameters.refuseUnknown()
        if let returnURL, !["http://", "https://"].contains(where: returnURL.lowercased().hasPrefix) {
            throw .badRequest("The address to return to must be one of the web.")
        }
        guard method == .post else {
            let intent = try await self.turn { ledger throws(StripeError) in try ledger.openIntent(id, secret, .publishable) }
            return Self.payPage(intent, returnURL)
        }
        let (intent, refusal) = try await self.turn { ledger throws(StripeError) in
            var intent = try ledger.openIntent(id, secret, .publishable)
            do throws(StripeError) {
                try ledger.confirm(&intent, with: Confirmation(method: choice, returnURL: returnURL), access: .publishable)
                return (intent, nil as StripeError?)
            } catch {
                return (intent, error)
            }
        }
        if let refusal { return Self.payPage(intent, returnURL, refusal.message) }
        if intent.status == .requiresAction { return Self.redirect(to: "/authenticate/\(secret)") }
        return Self.finished(intent)
    }

    private static func payPage(_ intent: PaymentIntent, _ returnURL: String?, _ refusal: String? = nil) -> Response {
        guard [.requiresPaymentMethod, .requiresConfirmation, .requiresAction].contains(intent.status) else { return Self.finished(intent) }
        let cards = TestPaymentMethod.allCases.enumerated().map { index, method in
            """
            <li><label><input type="radio" name="payment_method" value="\(method.rawValue)"\(index == 0 ? " checked" : "")> \
            \(Self.escaped(method.number ?? "Bank account")) <small>\(method.rawValue)</small></label></li>
            """
        }
        let back = returnURL.map { "<input type=\"hidden\" name=\"return_url\" value=\"\(Self.escaped($0))\">" } ?? ""
        let alert = refusal.map { "<p role=\"alert\">\(Self.escaped($0))</p>" } ?? ""
        return Self.page(
            "Pay \(Self.amount(intent))",
            "\(alert)<form method=\"post\" action=\"/pay/\(Self.escaped(intent.clientSecret))\">\(back)<ul>\(cards.joined())</ul>"
                + "<button>Pay \(Self.amount(intent))</button></form>")
    }

    // MARK: 3-D Secure

    private func authenticate(_ secret: String, _ method: HTTPRequest.Method, _ parameters: inout Parameters) async throws(StripeError) -> Response {
        enum Outcome: String, CaseIterable { case succeed, fail }
        let id = Self.intentID(of: secret)
        let outcome = try parameters.choice("outcome", as: Outcome.self)
        try parameters.refuseUnknown()
        guard method == .post else {
            let intent = try await self.turn { ledger throws(StripeError) in try ledger.openIntent(id, secret, .publishable) }
            guard intent.status == .requiresAction else { return Self.finished(intent) }
            return Self.page(
                "Your bank asks: is it you who pays \(Self.amount(intent))?",
                "<form method=\"post\"><button name=\"outcome\" value=\"succeed\">Complete authentication</button> "
                    + "<button name=\"outcome\" value=\"fail\">Fail authentication</button></form>")
        }
        guard let outcome else { throw .missing("outcome") }
        return Self.finished(
            try await self.turn { ledger throws(StripeError) in
                _ = try ledger.openIntent(id, secret, .publishable)
                return try ledger.authenticate(id, succeeds: outcome == .succeed)
            })
    }

    // MARK: Answers

    /// A redirect to the shop, as Stripe does it, or a page with the result.
    private static func finished(_ intent: PaymentIntent) -> Response {
        let status = intent.status == .requiresPaymentMethod ? "failed" : intent.status == .processing ? "processing" : "succeeded"
        if let url = intent.returnURL, intent.status != .canceled {
            let separator = url.contains("?") ? "&" : "?"
            return Self.redirect(
                to: "\(url)\(separator)payment_intent=\(intent.id)&payment_intent_client_secret=\(intent.clientSecret)&redirect_status=\(status)")
        }
        return Self.page("Payment", "<p role=\"status\">\(intent.status.rawValue)</p>")
    }

    private static func redirect(to url: String) -> Response { Response(status: .seeOther, headers: [.location: url]) }

    private static func page(status: Int = 200, _ title: String, _ body: String) -> Response {
        let html = """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(title)</title>\
            <style>body{font:16px system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}ul{list-style:none;padding:0}li{margin:.4rem 0}\
            small{color:#666}[role=alert]{color:#b00}</style></head><body><h1>\(title)</h1>\(body)\
            <p><small>A double of Stripe for development: no card is charged.</small></p></body></html>
            """
        return Response(
            status: .init(code: status),
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
            ], body: .init(byteBuffer: .init(string: html)))
    }

    private static func amount(_ intent: PaymentIntent) -> String { Currency.text(intent.amount, intent.currency) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    /// `pi_1_secret_2` → `pi_1`
    private static func intentID(of secret: String) -> String { secret.firstRange(of: "_secret_").map { String(secret[..<$0.lowerBound]) } ?? secret }

    private static func form(of request: Request) async throws(StripeError) -> Form {
        guard let body = try? await request.body.collect(upTo: 1 << 16) else { throw StripeError(status: 413, message: "The request is too large.") }
        return try FormDecoder.decode(body.readableBytes > 0 ? String(buffer: body) : request.uri.query ?? "")
    }

    private func turn<Value: Sendable>(
        _ work: @Sendable (isolated Ledger) throws(StripeError) -> Value
    ) async throws(StripeError) -> Value {
        try await self.ledger.act(by: .browser, work)
    }
}
