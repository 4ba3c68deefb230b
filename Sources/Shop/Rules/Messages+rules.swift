public import Conveyor

/// The rules for the fields of messages, the same as in the HTTP API.
extension RegisterAccount {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("email", self.email, .email)
        fields.check("full_name", self.fullName, .personName)
    }
}

extension UpdateProfile {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) { fields.check("full_name", self.fullName, .personName) }
}

extension SubscribePush {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("endpoint", self.endpoint, .webURL)
        fields.check("p256dh", self.p256dh, .pushKey)
        fields.check("auth", self.auth, .pushSecret)
        fields.check("expires_at", self.expiresAt, .pushExpiry)
    }
}

extension CreateCategory {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("name", self.name, .title)
        fields.check("slug", self.slug, .slug)
        fields.check("description", self.description, .description)
    }
}

extension UpdateCategory {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("name", self.name, .title)
        fields.check("slug", self.slug, .slug)
        fields.check("description", self.description, .description)
    }
}

extension CreateProduct {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("sku", self.sku, .sku)
        fields.check("name", self.name, .title)
        fields.check("description", self.description, .description)
        fields.check("unit_amount", self.unitAmount, .unitAmount)
        fields.check("currency", self.currency, .currency)
        fields.check("unit_amount", self.unitAmount, of: self.currency)
        fields.check("stock_quantity", self.stockQuantity, .count)
        fields.check("images", self.images, .images)
        fields.check("low_stock_threshold", self.lowStockThreshold, .count)
    }
}

extension UpdateProduct {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("sku", self.sku, .sku)
        fields.check("name", self.name, .title)
        fields.check("description", self.description, .description)
        fields.check("unit_amount", self.unitAmount, .unitAmount)
        fields.check("currency", self.currency, .currency)
        fields.check("unit_amount", self.unitAmount, of: self.currency)
        fields.check("stock_quantity", self.stockQuantity, .count)
        fields.check("images", self.images, .images)
        fields.check("low_stock_threshold", self.lowStockThreshold, .count)
    }
}

extension AdjustStock {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        if (self.delta == nil) == (self.set == nil) { fields.refuse("delta", nil, "is required, or set; not both", .deadLetter) }
        fields.check("reason", self.reason, .reason)
    }
}

extension SetCartItem {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("quantity", self.quantity, .number(0...OrderLine.allowedQuantity.upperBound))
    }
}

extension CheckoutCart {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.within("shipping_address", self.shippingAddress.check)
        if let billingAddress { fields.within("billing_address", billingAddress.check) }
    }
}

extension PlaceOrder {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        OrderLine.check(self.items, "items", &fields)
        fields.within("shipping_address", self.shippingAddress.check)
        if let billingAddress { fields.within("billing_address", billingAddress.check) }
    }
}

extension ReserveStock {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        if let order { fields.within("order", order.check) }
        if let lines {
            // The sum of all units must fit into a column of type `integer`.
            let quantity = Rule.number(1...Int(Int32.max) / max(1, lines.count))
            for (index, line) in lines.enumerated() { fields.check("lines[\(index)].quantity", line.quantity, quantity, .deadLetter) }
        }
        fields.check("round", self.round, .number(1...2), .deadLetter)
    }
}

extension OrderLine {
    /// The limits of lines, and of the quantity of a product in a line and in total.
    static func check(_ lines: [OrderLine], _ field: String, _ fields: inout FieldCheck) {
        let (counts, quantity) = (OrderLine.allowedCount, Rule.number(OrderLine.allowedQuantity))
        guard counts.contains(lines.count) else {
            fields.refuse(field, "a list of \(lines.count)", "must have \(counts.lowerBound) to \(counts.upperBound) elements", .deadLetter)
            return
        }
        let before = fields.findings.count
        for (index, line) in lines.enumerated() { fields.check("\(field)[\(index)].quantity", line.quantity, quantity, .deadLetter) }
        guard fields.findings.count == before else { return }
        for line in lines.merged where !OrderLine.allowedQuantity.contains(line.quantity) {
            fields.refuse(field, nil, "must have at most \(OrderLine.allowedQuantity.upperBound) units of a product over all lines", .deadLetter)
        }
    }
}

extension CancelOrder {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) { fields.check("reason", self.reason, .reason) }
}

extension ShipOrder {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("carrier", self.carrier, .tracking)
        fields.check("tracking_number", self.trackingNumber, .tracking)
    }
}

extension RefundPayment {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("amount", self.amount, .amount, .deadLetter)
        fields.check("note", self.note, .reason)
    }
}

extension FieldCheck {
    /// Checks an amount against its currency, if both are given.
    fileprivate mutating func check(_ field: String, _ amount: Int64?, of currency: String?) {
        guard let amount, let refusal = currency.flatMap({ Currency($0) })?.refusal(of: amount) else { return }
        self.refuse(field, String(amount), refusal, .answer)
    }
}

extension CreateWebhookEndpoint {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("url", self.url, .webURL)
        fields.check("events", self.events, .eventPatterns)
        fields.check("description", self.description, .reason)
    }
}

extension UpdateWebhookEndpoint {
    /// Its fields, by the rules of the HTTP API.
    public func check(_ fields: inout FieldCheck) {
        fields.check("url", self.url, .webURL)
        fields.check("events", self.events, .eventPatterns)
        fields.check("description", self.description, .reason)
    }
}
