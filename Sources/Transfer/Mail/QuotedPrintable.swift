/// Quoted-printable (RFC 2045, section 6.7) of a text: every line ends with CR LF, none is longer than 76 characters.
func quotedPrintable(_ text: String) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var output: [UInt8] = []
    output.reserveCapacity(text.utf8.count * 9 / 8 + 64)
    // Any of CR LF, CR and LF ends a line; one at the very end begins no further line.
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
    if lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines {
        let bytes = line.utf8
        var column = 0
        for index in bytes.indices {
            let byte = bytes[index]
            let isLast = bytes.index(after: index) == bytes.endIndex
            let isBlank = byte == 0x20 || byte == 0x09
            // A blank at the end of a line might be taken off on the way.
            let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") || isBlank && !isLast
            let width = isPlain ? 1 : 3
            if column + width > (isLast ? 76 : 75) {
                output += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            if isPlain {
                output.append(byte)
            } else {
                output += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
            column += width
        }
        output += [0x0D, 0x0A]
    }
    return output
}
