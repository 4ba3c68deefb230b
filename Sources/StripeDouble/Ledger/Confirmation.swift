/// The parameters of a confirmation: the payment method, `off_session` and `return_url`.
struct Confirmation: Sendable {
    /// An id from https://docs.stripe.com/testing, or of a payment method of the double.
    var method: String?
    /// The number in a card form, as a browser sends it.
    var cardNumber: String?
    var returnURL: String?
    var isOffSession = false
    var errorOnRequiresAction = false

    init(method: String? = nil, returnURL: String? = nil) {
        self.method = method
        self.returnURL = returnURL
    }

    /// Reads the parameters of a creation or confirmation.
    init(_ parameters: inout Parameters) throws(StripeError) {
        try self.init(methodOf: &parameters)
        self.returnURL = try parameters.text("return_url", limit: 2048)
        self.isOffSession = try parameters.boolean("off_session") ?? false
        self.errorOnRequiresAction = try parameters.boolean("error_on_requires_action") ?? false
        // The double always sends the browser to its own page, also in the flow of Stripe.js.
        _ = try parameters.boolean("use_stripe_sdk")
        if let returnURL, !["http://", "https://"].contains(where: returnURL.lowercased().hasPrefix) {
            throw .badRequest("Not a valid URL", code: "url_invalid", param: "return_url")
        }
    }

    /// Reads the payment method alone, for an update.
    init(methodOf parameters: inout Parameters) throws(StripeError) {
        self.method = try parameters.text("payment_method")
        guard var data = try parameters.nested("payment_method_data") else { return }
        if self.method != nil {
            throw .badRequest("You cannot pass both `payment_method` and `payment_method_data`.", param: "payment_method_data")
        }
        let type = try data.text("type")
        guard type == "card", var card = try data.nested("card") else {
            throw .badRequest("This double of Stripe takes `payment_method_data` of type card only", param: "payment_method_data[type]")
        }
        self.cardNumber = try card.text("number")
        for name in ["exp_month", "exp_year", "cvc"] { _ = try card.text(name) }
        try card.refuseUnknown()
        // A card form in a browser sends these too.
        for name in ["billing_details", "metadata"] { _ = try data.tree(name) }
        for name in ["allow_redisplay", "guid", "muid", "sid", "payment_user_agent", "referrer", "time_on_page", "pasted_fields"] {
            _ = try data.text(name)
        }
        try data.refuseUnknown()
        if self.cardNumber == nil { throw .missing("payment_method_data[card][number]") }
    }
}
