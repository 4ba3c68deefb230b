import Testing

@testable import Ingress

@Suite struct SearchWordsTests {
    @Test(arguments: [
        ("kettel", "kettle"), ("ketle", "kettle"), ("kettlle", "kettle"), ("kattle", "kettle"), ("lamo", "lamp"), ("iphnoe", "iphone"),
        ("notbok", "notebook"), ("bakcpack", "backpack"), ("lmp", "lamp"),
    ])
    func `a short word may have one misspelling, a long one two`(typed: String, meant: String) { #expect(SearchWords.isSlip(typed, for: meant)) }

    @Test(arguments: [("lamp", "lamps and more"), ("cat", "dog"), ("la", "lamp"), ("lame", "dome"), ("kettle", "cattail"), ("x", "y"), ("", "a")])
    func `a different word is not a misspelling`(typed: String, other: String) { #expect(!SearchWords.isSlip(typed, for: other)) }
}
