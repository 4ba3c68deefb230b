import CLinux
import FoundationEssentials

/// The version of all parts: they are built and released together.
public enum ConveyorVersion {
    /// As `GET /` and the metric `conveyor_build_info` say it.
    public static let current = "1.0.0"

    /// The commit that a release was built from; nil if it was built by hand. The linker notes it in the executable
    /// (https://systemd.io/ELF_PACKAGE_METADATA), so that a new commit compiles nothing again, and `coredumpctl info` shows it too.
    public static let commit: String? = clinux_package_metadata().flatMap {
        try? JSON.decode(Metadata.self, from: Array(String(cString: $0).utf8)).commit
    }

    /// As `--version` says it: `1.0.0 (4f2a9c1d77e0)`.
    public static var full: String { self.current + (self.commit.map { " (\($0))" } ?? "") }

    private struct Metadata: Decodable {
        var commit: String
    }
}
