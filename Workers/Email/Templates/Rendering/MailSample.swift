import Conveyor
import Shop

/// Sample values to preview the templates.
public enum MailSample {
    /// Sample values for an e-mail of a kind.
    public static func values(of template: MailTemplate, shopURL: String) -> MailValues {
        let order = "\(shopURL)/orders/0190f3a2-7c1e-7d4a-9b1f-2f6c8e1a5d33"
        switch template {
        case .welcome: return ["name": "Ada Lovelace", "url": shopURL]
        case .passwordChanged: return ["name": "Ada Lovelace", "url": shopURL]
        case .passwordReset:
            return ["name": "Ada Lovelace", "url": "\(shopURL)/reset-password?token=AZDzonwefUqbHy9sjhpdM1xq0J3m2vCw8p5YtQeRkLs"]
        case .stockLow:
            var values: MailValues = ["product": "Assam, second flush, 250 g", "sku": "TEA-ASSAM-250", "stock_quantity": "4", "threshold": "5"]
            values.addFact("Product", "Assam, second flush, 250 g")
            values.addFact("SKU", "TEA-ASSAM-250")
            values.addFact("Left", "4")
            return values
        case .webhookOff: return ["endpoint": "https://hooks.partner.example/shop", "id": "0190f3a2-7c1e-7d4a-9b1f-2f6c8e1a5d33"]
        default: break
        }
        var values: MailValues = [
            "name": "Ada Lovelace", "number": "1042", "total": Money(7_350, "usd").description, "url": order, "paid": true,
            "items": [
                [
                    "name": "Assam, second flush, 250 g", "quantity": "2", "unit_amount": Money(1_450, "usd").description,
                    "amount": Money(2_900, "usd").description,
                ],
                [
                    "name": "Cast-iron teapot “Nambu” with a strainer, 0.8 l", "quantity": "1", "unit_amount": Money(4_450, "usd").description,
                    "amount": Money(4_450, "usd").description,
                ],
            ], "address": ["Ada Lovelace", "12 St James's Square", "London SW1Y 4JH", "GB"],
        ]
        switch template {
        case .paymentFailed:
            values["why"] = "Your bank says that there is not enough money in the account."
            values["due"] = "14:35 UTC today"
        case .orderShipped:
            values["carrier"] = "DHL"
            values["tracking_number"] = "00340434161094042557"
            values.addFact("Carrier", "DHL")
            values.addFact("Tracking number", "00340434161094042557")
        case .refunded:
            values["amount"] = Money(2_900, "usd").description
            values["refunded"] = Money(2_900, "usd").description
        case .dispute:
            values["amount"] = Money(7_350, "usd").description
            values["headline"] = "A customer disputes a payment of $73.50."
            values["status_words"] = "needs response"
            values["is_open"] = true
            values.addFact("Dispute", "dp_1SxZ7w2eZvKYlo2CqfPz4RrT")
            values.addFact("Reason", "product not received")
            values.addFact("Status", "needs response")
        default: break
        }
        return values
    }
}
