/// The frame of every page.
struct Page<Content: Sendable>: Sendable {
    let title: String
    let stylesheet: String
    let script: String
    let icon: String
    let version: String
    /// nil without a session: then there is no navigation.
    let signedIn: SignedIn?
    let search: String
    let searchHint: String
    let notice: String?
    let content: Content

    struct SignedIn: Sendable {
        let name: String
        let role: String
        let formToken: String
        let links: [Link]
    }

    struct Link: Sendable {
        let path: String
        let name: String
        let isHere: Bool
        /// E.g. the number of open dead letters.
        let count: String?
    }
}
