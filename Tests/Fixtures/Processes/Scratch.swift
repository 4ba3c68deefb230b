public import FoundationEssentials

/// The folder of this test process; the reaper removes it after the process has ended.
public enum Scratch {
    /// If the tests run as root, Postgres runs as another user, who must be able to enter.
    static let root: URL = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "conveyor-tests-\(UUID().uuidString.prefix(8))")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            preconditionFailure("no folder for the tests: \(error)")
        }
        return folder
    }()

    /// A new folder in it.
    public static func folder(_ name: String) throws -> URL {
        let folder = self.root.appending(path: "\(name)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        return folder
    }

    /// A new file in it, removed by its user or with the folder.
    public static func file(_ name: String, _ text: String) throws -> URL {
        let file = self.root.appending(path: "\(UUID().uuidString.prefix(8))-\(name)")
        try Data(text.utf8).write(to: file)
        return file
    }
}
