import Glibc

/// The executables of the package, as they were built with the tests.
public enum Executables {
    /// The path of one: it lies beside the test bundle.
    public static func path(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        precondition(count > 0, "the test process has a path")
        let own = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/" + name
    }
}
