import Glibc

/// Paths in the repository.
public enum Repository {
    /// The root of the working tree.
    public static let path = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }

    /// An executable of the package, built with the tests: it lies next to the test bundle.
    public static func executable(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        precondition(count > 0, "the test process has a path")
        let own = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/" + name
    }
}
