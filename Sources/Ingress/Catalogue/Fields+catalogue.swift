import Conveyor
import Shop

extension Fields {
    /// A product's images.
    func images(_ field: String) -> [String]? { self.optionalList(field, upTo: Rule<[String]>.greatestImageCount, .image) }

    /// Reports an amount that its currency does not allow; if either is missing, the worker checks it.
    func refuse(_ field: String, _ currency: String?, _ amount: Int64?) {
        guard let amount, let refusal = currency.flatMap({ Currency($0) })?.refusal(of: amount) else { return }
        self.refuse(field, refusal)
    }
}
