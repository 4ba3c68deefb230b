import Testing

@testable import Inventory

@Suite struct SlugTests {
    @Test(arguments: [
        ("Café & Bar", "cafe-bar"), ("  Tools -- and  more ", "tools-and-more"), ("Men's", "mens"), ("Straße", "strasse"), ("Ærø", "aero"),
        ("日本の本", "日本の本"), ("C++ 20", "c-20"), ("!!!", ""), ("", ""),
    ])
    func `a slug consists of a name's letters and digits`(name: String, slug: String) { #expect(Slug.make(from: name) == slug) }

    @Test func `a slug's slug is itself`() {
        for name in ["Café & Bar", "Straße 7", "日本の本"] {
            let slug = Slug.make(from: name)
            #expect(Slug.make(from: slug) == slug)
        }
    }
}
