public import Conveyor

// The messages of every order: to inventory-worker as the customer placed it, and from there to orders-worker with its prices.

extension ReserveStock: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.orderID = try json.optionalID("order_id")
        self.lines = try json.optionalList("lines")
        self.order = try json.optionalValue("order")
        self.round = try json.optionalNumber("round").map { Int($0) }
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        if let orderID { json.add("order_id", orderID) }
        if let lines { json.add("lines", lines) }
        if let order { json.add("order", order) }
        if let round { json.add("round", round) }
    }
}

extension PlaceOrder: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.userID = try json.id("user_id")
        self.items = try json.list("items")
        self.shippingAddress = try json.value("shipping_address")
        self.billingAddress = try json.optionalValue("billing_address")
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("user_id", self.userID)
        json.add("items", self.items)
        json.add("shipping_address", self.shippingAddress)
        if let billingAddress { json.add("billing_address", billingAddress) }
    }
}

extension OrderLine: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.productID = try json.id("product_id")
        self.quantity = Int(try json.number("quantity"))
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("product_id", self.productID)
        json.add("quantity", self.quantity)
    }
}

extension Address: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.name = try json.text("name")
        self.line1 = try json.text("line1")
        self.line2 = try json.optionalText("line2")
        self.city = try json.text("city")
        self.state = try json.optionalText("state")
        self.postalCode = try json.text("postal_code")
        self.country = try json.text("country")
        self.phone = try json.optionalText("phone")
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("name", self.name)
        json.add("line1", self.line1)
        if let line2 { json.add("line2", line2) }
        json.add("city", self.city)
        if let state { json.add("state", state) }
        json.add("postal_code", self.postalCode)
        json.add("country", self.country)
        if let phone { json.add("phone", phone) }
    }
}

extension StockReserved: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.orderID = try json.id("order_id")
        self.order = try json.optionalValue("order")
        self.round = try json.optionalNumber("round").map { Int($0) }
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("order_id", self.orderID)
        if let order { json.add("order", order) }
        if let round { json.add("round", round) }
    }
}

extension PricedOrder: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.userID = try json.id("user_id")
        self.currency = try json.text("currency")
        self.totalAmount = try json.number("total_amount")
        self.items = try json.list("items")
        self.shippingAddress = try json.value("shipping_address")
        self.billingAddress = try json.optionalValue("billing_address")
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("user_id", self.userID)
        json.add("currency", self.currency)
        json.add("total_amount", self.totalAmount)
        json.add("items", self.items)
        json.add("shipping_address", self.shippingAddress)
        if let billingAddress { json.add("billing_address", billingAddress) }
    }
}

extension PricedOrder.Item: DirectJSON {
    /// Reads the usual form.
    public init(json: JSONElement) throws(JSONElement.Unusual) {
        self.productID = try json.id("product_id")
        self.quantity = Int(try json.number("quantity"))
        self.unitAmount = try json.number("unit_amount")
        self.sku = try json.text("sku")
        self.name = try json.text("name")
    }

    /// Writes the members.
    public func write(to json: inout JSONMembers) {
        json.add("product_id", self.productID)
        json.add("quantity", self.quantity)
        json.add("unit_amount", self.unitAmount)
        json.add("sku", self.sku)
        json.add("name", self.name)
    }
}
