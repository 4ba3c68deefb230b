public import ArgumentParser

/// How a process ends, for its supervisor (sysexits.h).
public enum ExitStatus {
    /// 64: the command line is wrong. ArgumentParser's own.
    public static let usage = ExitCode(64)
    /// 69: broker or database stayed unreachable for `START_TIMEOUT`.
    public static let unavailable = ExitCode(69)
    /// 77: the role of the person who acts does not allow it.
    public static let refused = ExitCode(77)
    /// 78: a setting is missing or wrong.
    public static let configuration = ExitCode(78)
}
