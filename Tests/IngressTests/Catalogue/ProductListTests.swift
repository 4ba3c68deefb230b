import Conveyor
import Fixtures
import Testing

@Suite struct ProductListTests {
    /// A word that only one test's products contain.
    private static func word() -> String { "zq" + String(TestShop.number() + 46_656, radix: 36) }

    /// All pages of a list.
    private func all(_ query: String, _ api: API) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor = ""
        while true {
            let page = try await api.get("/products?\(query)\(cursor)")
            try #require(page.status == 200, "\(page)")
            items += page["items"].list
            guard let next = page["next_cursor"].text else {
                #expect(page.headers["Link"] == nil)
                return items
            }
            #expect(page.headers["Link"] == "</api/v1/products?\(query)&cursor=\(next)>; rel=\"next\"")
            cursor = "&cursor=\(next)"
        }
    }

    @Test func `a search finds whole words, prefixes and misspelled words, the best first`() async throws {
        let shop = try await TestShop.shared()
        let word = Self.word()
        let inName = try await shop.product(["name": .string("\(word)kettle red")])
        let inText = try await shop.product(["name": "Other", "description": .string("Goes well with the \(word)kettle.")])
        func found(_ text: String) async throws -> [String?] { try await self.all("q=\(text)", shop.api).map { $0["id"].text } }
        #expect(try await found("\(word)kettle") == [inName, inText])
        #expect(try await found("\(word)ket") == [inName, inText])
        #expect(try await found("\(word)kettel") == [inName, inText])
        #expect(try await found("\(word.uppercased())KETTLE+red") == [inName])
        #expect(try await found("red+\(word)ketle") == [inName])
        #expect(try await found("\(word)kettle+\(Self.word())xxxxx") == [])
    }

    @Test(arguments: [("raincoat", "rianocat"), ("raincoat", "ranicoat"), ("raincoat", "raincota"), ("kettle", "kettel"), ("umbrella", "umrbella")])
    func `a search finds a word with two letters swapped`(word: String, typed: String) async throws {
        let shop = try await TestShop.shared()
        let own = Self.word()
        let product = try await shop.product(["name": .string("\(own) \(word)")])
        #expect(try await self.all("q=\(own)+\(typed)", shop.api).map { $0["id"].text } == [product])
    }

    @Test(arguments: [
        ("京都抹茶セット", "抹茶"), ("京都抹茶セット", "京都"), ("京都抹茶セット", "セット"), ("京都抹茶セット", "抹茶セット"), ("녹차세트", "세트"), ("Weißwein", "Weiss"), ("Weißwein", "WEIẞ"),
        ("Café Crème", "creme"), ("Cafe", "café"), ("Müsli", "mu\u{308}sli"), ("İstanbul", "istanbul"), ("Œuvre", "oeuvre"), ("ﬁnch", "finch"),
        ("ｱｲﾛﾝ", "アイロン"),
    ]) func `a search finds words in any case and form, and parts of text without spaces`(name: String, typed: String) async throws {
        let shop = try await TestShop.shared()
        let own = Self.word()
        let product = try await shop.product(["name": .string("\(own) \(name)")])
        let text = Fuzz.escaped(typed)
        #expect(try await self.all("q=\(own)+\(text)", shop.api).map { $0["id"].text } == [product])
    }

    @Test func `characters that are not adjacent are another word`() async throws {
        let shop = try await TestShop.shared()
        let own = Self.word()
        _ = try await shop.product(["name": .string("\(own) 抹香茶器")])
        #expect(try await self.all("q=\(own)+%E6%8A%B9%E8%8C%B6", shop.api) == [])
    }

    @Test func `matches of the whole name or the SKU come first`() async throws {
        let shop = try await TestShop.shared()
        let (word, number) = (Self.word(), TestShop.number())
        let longer = try await shop.product(["name": .string("\(word) lamp shade"), "sku": .string("\(word)-\(number)-9")])
        let exact = try await shop.product(["name": .string("\(word) lamp"), "sku": .string("\(word)-\(number)")])
        #expect(try await self.all("q=\(word)+lamp", shop.api).map { $0["id"].text } == [exact, longer])
        #expect(try await self.all("q=\(word)-\(number)", shop.api).map { $0["id"].text } == [exact, longer])
    }

    @Test(arguments: ["relevance", "price", "-price", "name", "-created_at"])
    func `pages are complete and without repetition while products are added`(order: String) async throws {
        let shop = try await TestShop.shared()
        let word = Self.word()
        var before: Set<String> = []
        for index in 0..<12 {
            // Equal prices and names, so that only the ids differ.
            before.insert(
                try await shop.product(["name": .string("\(word) \(index % 3)"), "unit_amount": .int(Int64(index % 2)), "description": .string(word)])
            )
        }
        var (seen, cursor): ([String], String) = ([], "")
        while true {
            let page = try await shop.api.get("/products?q=\(word)&sort=\(order)&limit=5\(cursor)")
            try #require(page.status == 200, "\(page)")
            seen += page["items"].list.compactMap { $0["id"].text }
            _ = try await shop.product(["name": .string("\(word) 1"), "unit_amount": 1])
            guard let next = page["next_cursor"].text else { break }
            cursor = "&cursor=\(next)"
        }
        #expect(Set(seen).isSuperset(of: before))
        #expect(Set(seen).count == seen.count)
    }

    @Test func `a list has the requested order`() async throws {
        let shop = try await TestShop.shared()
        let word = Self.word()
        for (name, price) in [("b", 3), ("C", 1), ("a", 2)] {
            _ = try await shop.product(["name": .string("\(word) \(name)"), "unit_amount": .int(Int64(price))])
        }
        func names(_ order: String) async throws -> [String] {
            try await self.all("q=\(word)&sort=\(order)&limit=2", shop.api).compactMap { $0["name"].text.map { String($0.suffix(1)) } }
        }
        #expect(try await names("price") == ["C", "a", "b"])
        #expect(try await names("-price") == ["b", "a", "C"])
        #expect(try await names("name") == ["a", "b", "C"])
        #expect(try await names("-created_at") == ["a", "C", "b"])
    }

    @Test func `filters apply, a category's to its whole subtree`() async throws {
        let shop = try await TestShop.shared()
        let (staff, word) = (try await shop.staff(), Self.word())
        func category(_ slug: String, in parent: JSON = nil) async throws -> JSON {
            try await shop.api.send(
                "POST", "/categories", ["name": .string(slug), "slug": .string(slug), "parent_id": parent], by: staff, waiting: true)[
                    "resource", "id"]
        }
        let top = try await category("\(word)-top")
        let below = try await category("\(word)-below", in: top)
        let cheap = try await shop.product(["name": .string(word), "unit_amount": 100, "category_id": top])
        let dear = try await shop.product(["name": .string(word), "unit_amount": 900, "category_id": below, "stock_quantity": 0])
        let outside = try await shop.product(["name": .string(word), "unit_amount": 500])
        func found(_ filter: String) async throws -> Set<String> {
            Set(try await self.all("q=\(word)&\(filter)", shop.api).compactMap { $0["id"].text })
        }
        #expect(try await found("category=\(word)-top") == [cheap, dear])
        #expect(try await found("category=\(word)-below") == [dear])
        #expect(try await found("category=\(word)-nowhere") == [])
        #expect(try await found("min_price=500") == [dear, outside])
        #expect(try await found("max_price=500") == [cheap, outside])
        #expect(try await found("min_price=101&max_price=899") == [outside])
        #expect(try await found("in_stock=true") == [cheap, outside])
        #expect(try await found("in_stock=false") == [dear])
        _ = try await shop.api.send("PATCH", "/categories/\(below.text ?? "")", ["is_active": false], by: staff, waiting: true)
        #expect(try await found("category=\(word)-top") == [cheap], "what is hidden is not searched")
        _ = try await shop.api.send("DELETE", "/products/\(cheap)", by: staff, waiting: true)
        #expect(try await found("category=\(word)-top") == [], "an archived product is not listed")
    }

    @Test(arguments: [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("min_price=-1", "min_price"), ("max_price=1e3", "max_price"),
        ("in_stock=maybe", "in_stock"), ("sort=random", "sort"), ("q=%00", "q"), ("min_price=99999999999999999999", "min_price"),
    ])
    func `an invalid parameter is named`(query: String, field: String) async throws {
        let answer = try await TestShop.shared().api.get("/products?\(query)")
        #expect(answer.status == 422)
        #expect(answer.fields == [field])
    }

    @Test func `a cursor of another list is refused`() async throws {
        let shop = try await TestShop.shared()
        for _ in 0..<2 { _ = try await shop.product() }
        let cursor = try #require(try await shop.api.get("/products?sort=name&limit=1")["next_cursor"].text)
        for query in ["sort=price&cursor=\(cursor)", "cursor=\(cursor)", "cursor=x", "cursor=AAAA", "sort=name&cursor=\(cursor)x"] {
            let answer = try await shop.api.get("/products?\(query)")
            #expect(answer.status == 400, "\(query)")
            #expect(answer.code == "bad_cursor")
        }
    }

    @Test(arguments: [
        "'", "\"", "\\", "& | !", "():*<->", "%", "_", "😀", "a' or 1=1 --", "<script>", "\u{202e}x", "ß", "İ", String(repeating: "w ", count: 90),
    ])
    func `any search text is treated as text`(text: String) async throws {
        let encoded = text.utf8.map { byte in "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        #expect(try await TestShop.shared().api.get("/products?q=\(encoded)").status == 200)
    }

    @Test func `an unchanged list is answered with 304`() async throws {
        let shop = try await TestShop.shared()
        let word = Self.word()
        _ = try await shop.product(["name": .string(word)])
        let first = try await shop.api.get("/products?q=\(word)")
        let tag = try #require(first.headers["ETag"])
        #expect(try await shop.other.get("/products?q=\(word)", headers: ["If-None-Match": tag]).status == 304)
        _ = try await shop.product(["name": .string(word)])
        #expect(try await shop.other.get("/products?q=\(word)", headers: ["If-None-Match": tag]).status == 200)
    }
}
