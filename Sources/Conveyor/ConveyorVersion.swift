import CLinux
import FoundationEssentials

/// The version of all executables, which are built and released together.
public enum ConveyorVersion {
    /// The version in `GET /` and the metric `conveyor_build_info`.
    public static let current = "1.0.0"

    /// The commit of a release; nil in a local build. The linker stores it in the executable
    /// (https://systemd.io/ELF_PACKAGE_METADATA), so a new commit compiles nothing, and `coredumpctl info` shows it too.
    public static let commit: String? = clinux_package_metadata().flatMap {
        try? JSON.decode(Metadata.self, from: Array(String(cString: $0).utf8)).commit
    }

    /// The output of `--version`: `1.0.0 (4f2a9c1d77e0)`.
    public static var full: String { self.current + (self.commit.map { " (\($0))" } ?? "") }

    private struct Metadata: Decodable {
        var commit: String
    }
}
