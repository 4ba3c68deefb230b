/// A name and a value on a page, for templates.
public struct Fact: Sendable {
    let name: String
    let value: String
    let link: String?
    let moment: Moment?

    /// A text, whose invisible characters are shown.
    /// - Parameter link: the path of its page.
    public init(_ name: String, _ value: String, link: String? = nil) {
        (self.name, self.value, self.link, self.moment) = (name, value.visible, link, nil)
    }

    /// A time.
    public init(_ name: String, _ moment: Moment) { (self.name, self.value, self.link, self.moment) = (name, "", nil, moment) }
}
