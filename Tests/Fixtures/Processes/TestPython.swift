/// The Python interpreter of tests written in Python, with the packages of `Tests/requirements.txt`.
public enum TestPython {
    /// Its path. The first caller waits until `ops/lib/python-tests` has created it.
    ///
    /// - Throws: the script's output: `python3-venv` is missing, or PyPI is unreachable.
    public static func path() async throws(FixtureError) -> String {
        let output = try await ChildProcess.run(Repository.path + "/ops/lib/python-tests", within: .seconds(300))
        return String(output.prefix { $0 != "\n" })
    }
}
