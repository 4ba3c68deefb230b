extension String {
    /// The text in a form that can be stored and published: at most `limit` bytes of UTF-8, cut between two scalars, and without NUL, which Postgres'
    /// `text` cannot store.
    public func bounded(to limit: Int) -> String {
        let hasNUL = self.utf8.contains(0)
        guard hasNUL || self.utf8.count > limit else { return self }
        var text = ""
        for scalar in self.unicodeScalars {
            // A visible character for NUL, so that two names that differ only there stay different.
            let scalar = scalar == "\0" ? "\u{fffd}" : scalar
            guard text.utf8.count + String(scalar).utf8.count <= limit else { break }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}
