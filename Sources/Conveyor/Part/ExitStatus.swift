public import ArgumentParser

/// The exit status of a process, for its supervisor (sysexits.h).
public enum ExitStatus {
    /// 64: wrong usage. From ArgumentParser.
    public static let usage = ExitCode(64)
    /// 69: broker or database stayed unreachable for `START_TIMEOUT`.
    public static let unavailable = ExitCode(69)
    /// 77: the operator's role does not allow it.
    public static let refused = ExitCode(77)
    /// 78: a setting is missing or wrong.
    public static let configuration = ExitCode(78)
}
