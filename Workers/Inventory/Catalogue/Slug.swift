/// The slug of a name in URLs: `Café & Bar` becomes `cafe-bar`.
enum Slug {
    /// Latin letters lose their marks; letters and digits of any script stay, in lower case; everything between them becomes one hyphen.
    static func make(from name: String) -> String {
        var slug = ""
        for character in name.lowercased() {
            if let base = self.bases[character] {
                slug += base
            } else if character.isLetter || character.isNumber {
                slug.append(character)
            } else if !slug.isEmpty, slug.last != "-" {
                slug.append("-")
            }
        }
        if slug.last == "-" { slug.removeLast() }
        return slug
    }

    private static let bases: [Character: String] = {
        let letters = [
            "a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ",
            "l": "ĺļľŀł", "n": "ñńņňŉŋ", "o": "òóôõöøōŏő", "oe": "œ", "r": "ŕŗř", "s": "śŝşšș", "ss": "ß", "t": "ţťŧț", "th": "þ",
            "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
        ]
        var bases: [Character: String] = ["'": "", "’": ""]
        for (base, marked) in letters { for letter in marked { bases[letter] = base } }
        return bases
    }()
}
