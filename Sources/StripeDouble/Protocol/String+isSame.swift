extension String {
    /// Compares in constant time, so that the duration does not reveal the first difference.
    func isSame(as other: String) -> Bool {
        let (left, right) = (Array(self.utf8), Array(other.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
