import Conveyor
import Fixtures
import FoundationEssentials

/// A copy of the sources, whose only commit they are, to be changed by a test.
struct Checkout {
    let path: String

    init() async throws {
        self.path = try Scratch.folder("checkout").path
        try await self.run(
            """
            cp -r '\(Repository.path)'/{.swift-format,Package.swift,Sources,Workers,topology,ops} .
            mkdir Tests && cp -r '\(Repository.path)'/Tests/{WorkersTests,requirements.txt} Tests/
            git init -q && git add -A
            git -c user.name=tests -c user.email=tests@conveyor.example commit -qm "all of it"
            """)
    }

    /// Runs a script in it.
    /// - Returns: its standard output.
    @discardableResult
    func run(_ script: String) async throws -> String {
        try await ChildProcess.run("bash", ["-ec", "cd '\(self.path)'\n\(script)"], within: .seconds(300))
    }

    /// Runs the command line in one of its folders.
    func conveyor(_ arguments: String..., folder: String = ".") async throws -> (status: String, output: String) {
        let words = ([Repository.executable("conveyor")] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let lines = try await self.run("cd '\(folder)'\nstatus=0; \(words) 2>&1 || status=$?; echo \"$status\"").split(separator: "\n")
        return (lines.last.map(String.init) ?? "", lines.dropLast().joined(separator: "\n"))
    }

    /// Every file that git finds changed or new.
    func touched() async throws -> [String] {
        try await self.run("git status --porcelain --untracked-files=all").split(separator: "\n").map { String($0.dropFirst(3)) }.sorted()
    }

    /// Replaces a text that a file contains once.
    func edit(_ file: String, _ text: String, _ replacement: String) throws {
        let url = URL(filePath: "\(self.path)/\(file)")
        let content = try String(contentsOf: url, encoding: .utf8)
        guard content.ranges(of: text).count == 1 else { throw FixtureError("\(file) does not have this once: \(text)") }
        try Data(content.replacing(text, with: replacement).utf8).write(to: url)
    }
}
