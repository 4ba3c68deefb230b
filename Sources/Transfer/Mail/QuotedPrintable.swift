/// A text in quoted-printable (RFC 2045, section 6.7): lines end with CR LF and have at most 76 characters.
func quotedPrintable(_ text: String) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    let input = Array(text.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(input.count * 9 / 8 + 64)
    var column = 0
    for (index, byte) in input.enumerated() {
        let next = index + 1 < input.count ? input[index + 1] : lf
        // CR LF, CR and LF each end a line.
        if byte == cr && next == lf && index + 1 < input.count { continue }
        if byte == lf || byte == cr {
            output += [cr, lf]
            column = 0
            continue
        }
        let isLast = next == lf || next == cr
        let isBlank = byte == 0x20 || byte == 0x09
        // Mail servers may remove a space at the end of a line.
        let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") || isBlank && !isLast
        let width = isPlain ? 1 : 3
        if column + width > (isLast ? 76 : 75) {
            output += [UInt8(ascii: "="), cr, lf]
            column = 0
        }
        if isPlain {
            output.append(byte)
        } else {
            output += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        column += width
    }
    // The last line may lack its line end.
    if let last = input.last, last != lf, last != cr { output += [cr, lf] }
    return output
}
