extension String {
    /// The text as it can be stored and published: at most `limit` bytes of UTF-8, cut between two scalars, and without NUL, which Postgres' `text` does
    /// not have.
    public func bounded(to limit: Int) -> String {
        let hasNUL = self.utf8.contains(0)
        guard hasNUL || self.utf8.count > limit else { return self }
        var text = ""
        for scalar in self.unicodeScalars {
            // A mark of its own for NUL, so that two names that differ only there do not become one.
            let scalar = scalar == "\0" ? "\u{fffd}" : scalar
            guard text.utf8.count + String(scalar).utf8.count <= limit else { break }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}
