/// The version of all parts: they are built and released together.
public enum ConveyorVersion {
    /// As `--version`, `GET /` and the metric `conveyor_build_info` say it.
    public static let current = "1.0.0"
}
