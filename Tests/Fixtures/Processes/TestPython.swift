/// The Python of the tests that are written in it, with the packages of `Tests/requirements.txt`.
public enum TestPython {
    /// Its path. The first who asks waits until `ops/lib/python-tests` has made it.
    ///
    /// - Throws: what the script wrote: `python3-venv` is missing, or PyPI cannot be reached.
    public static func path() async throws(FixtureError) -> String {
        let output = try await ChildProcess.run(Repository.path + "/ops/lib/python-tests", within: .seconds(300))
        return String(output.prefix { $0 != "\n" })
    }
}
