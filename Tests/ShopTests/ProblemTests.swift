import Conveyor
import Shop
import Testing

struct ProblemTests {
    private static let product = ID(high: 1, low: 2)

    @Test func `a problem survives a round trip through JSON, in snake_case and without empty members`() throws {
        let problem = Problem(
            .outOfStock, "There is not enough.", lines: [.init(productID: Self.product, requested: 3, available: 1)],
            errors: [.init(field: "items[0].quantity", message: "must be between 1 and 1000")])
        let json = try JSONValue(json: JSON.encode(problem))
        #expect(
            json
                == [
                    "code": "out_of_stock", "detail": "There is not enough.",
                    "lines": [["product_id": .string(Self.product.description), "requested": 3, "available": 1]],
                    "errors": [["field": "items[0].quantity", "message": "must be between 1 and 1000"]],
                ])
        #expect(try JSON.decode(Problem.self, from: JSON.encode(problem)) == problem)
        #expect(try JSONValue(json: JSON.encode(Problem(.notFound, "No."))) == ["code": "not_found", "detail": "No."])
    }

    @Test(arguments: Problem.Code.all)
    func `each code is in snake_case and has an error status and a title`(_ code: Problem.Code) {
        #expect(code.rawValue.allSatisfy { $0 == "_" || ("a"..."z").contains($0) })
        #expect(400..<600 ~= code.status)
        #expect(code.title.first?.isUppercase == true)
        #expect(!code.title.contains("_"))
    }

    @Test(arguments: [
        (400, "malformed_json bad_cursor bad_signature bad_reset_token payment_not_confirmed no_payment_intent"),
        (401, "unauthorized bad_credentials token_expired"), (403, "forbidden user_inactive wrong_password"), (404, "not_found"),
        (405, "method_not_allowed"),
        (
            409,
            """
            email_taken sku_taken slug_taken out_of_stock product_unavailable product_unknown cart_empty cart_checked_out superseded already_paid not_payable not_cancellable \
            not_shippable not_completable category_cycle category_in_use refund_exceeds_payment nothing_to_refund stock_below_zero
            """
        ),
        (413, "too_large"), (415, "unsupported_media_type"), (422, "invalid idempotency_key_reused"), (429, "rate_limited"),
        (503, "broker_unreachable broker_blocked queue_full unroutable not_confirmed database_unreachable"),
    ])
    func `the status of a published code does not change`(_ status: Int, _ codes: String) throws {
        for text in codes.split(separator: " ") {
            let code = try #require(Problem.Code.all.first { $0.rawValue == text }, "\(text)")
            #expect(code.status == status)
        }
    }
}
