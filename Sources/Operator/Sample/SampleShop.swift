import Conveyor
import ConveyorOperator
import Shop

/// A small shop for trials: the same products and users each time, so that loading it twice changes nothing.
struct SampleShop {
    /// Every id of the sample is derived from this one and a name.
    private static let namespace = ID(high: 0x0c0e_e707_5a3b_8000, low: 0x8000_5a4d_504c_4500)

    /// The password of all sample users. Public on purpose: `production` refuses to load the sample.
    static let password = "correct horse battery staple"
    /// Whether the user is a member of the staff.
    static let adminEmail = "admin@example.com"

    private static let makers = ["Aurora", "Borealis", "Cobalt", "Dune", "Ember", "Fjord", "Granite", "Harbor", "Indigo", "Juniper"]
    private static let things = [
        ("Kettle", "kitchen", 3900), ("Lamp", "living", 5900), ("Notebook", "desk", 900), ("Backpack", "travel", 8900), ("Teapot", "kitchen", 2900),
        ("Blanket", "living", 4900), ("Fountain Pen", "desk", 2500), ("Bottle", "travel", 1900), ("Cutting Board", "kitchen", 2200),
        ("Clock", "living", 3300),
    ]
    private static let categories =
        [
            ("home", "Home", nil), ("kitchen", "Kitchen", "home"), ("living", "Living room", "home"), ("out", "Out and about", nil),
            ("desk", "Desk", "out"), ("travel", "Travel", "out"),
        ] as [(slug: String, name: String, parent: String?)]
    private static let names = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth", "Radia Perlman"]

    /// A message with its fixed id.
    struct Entry<Payload: Message> {
        var id: ID
        var payload: Payload
    }

    static func category(_ slug: String) -> ID { self.namespace.derived("category/\(slug)") }
    static func product(_ number: Int) -> ID { self.namespace.derived("product/\(number)") }
    static func user(_ number: Int) -> ID { self.namespace.derived("user/\(number)") }
    static var admin: ID { self.namespace.derived("user/admin") }

    static func createCategories() -> [Entry<CreateCategory>] {
        self.categories.map { slug, name, parent in
            Entry(id: self.category(slug), payload: CreateCategory(name: name, slug: slug, parentID: parent.map { self.category($0) }))
        }
    }

    /// Products 1 … `count`, each with `stock` units.
    static func createProducts(_ count: Int, stock: Int, currency: String) -> [Entry<CreateProduct>] {
        let step = Currency(currency)?.step ?? 1
        return (0..<count).map { index in
            let thing = self.things[index % self.things.count]
            let maker = self.makers[index / self.things.count % self.makers.count]
            let series = index / (self.things.count * self.makers.count)
            let name = series == 0 ? "\(maker) \(thing.0)" : "\(maker) \(thing.0) \(series + 1)"
            let number = String(index + 1)
            return Entry(
                id: self.product(index + 1),
                payload: CreateProduct(
                    sku: "SAMPLE-" + String(repeating: "0", count: max(0, 6 - number.count)) + number, name: name,
                    description: "The \(name.lowercased()) of the sample shop: made to be bought, paid and shipped, as often as you like.",
                    unitAmount: Int64(thing.2 + index % 7 * 50) / step * step, currency: currency, stockQuantity: stock,
                    categoryID: self.category(thing.1)))
        }
    }

    /// The administrator, then users 1 … `count`.
    static func registerUsers(_ count: Int, passwordHash: String) -> [Entry<RegisterAccount>] {
        [Entry(id: self.admin, payload: RegisterAccount(email: self.adminEmail, passwordHash: passwordHash, fullName: "Shop Admin"))]
            + (0..<count).map { index in
                Entry(
                    id: self.user(index + 1),
                    payload: RegisterAccount(
                        email: "user\(index + 1)@example.com", passwordHash: passwordHash, fullName: self.names[index % self.names.count]))
            }
    }
}
