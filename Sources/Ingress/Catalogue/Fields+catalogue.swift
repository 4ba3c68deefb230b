import Conveyor
import Shop

extension Fields {
    /// The images of a product.
    func images(_ field: String) -> [String]? { self.optionalList(field, upTo: Rule<[String]>.greatestImageCount, .image) }

    /// Notes an amount that is none of its currency; if either is not there, the worker knows it.
    func refuse(_ field: String, _ currency: String?, _ amount: Int64?) {
        guard let amount, let refusal = currency.flatMap({ Currency($0) })?.refusal(of: amount) else { return }
        self.refuse(field, refusal)
    }
}
