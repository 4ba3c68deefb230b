/// A command to type next: called like this one, with the same files of settings.
public enum TypedCommand {
    private static let prefix: (program: String, options: String) = {
        let arguments = CommandLine.arguments
        var options: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument == "--env-file", arguments.indices.contains(index + 1) { options += [argument, arguments[index + 1]] }
            if argument.hasPrefix("--env-file=") { options.append(argument) }
        }
        return (arguments.first ?? "conveyor", options.map { " " + $0 }.joined())
    }()

    /// E.g. `.local/bin/conveyor trace 1002 --env-file .local/env`
    public static func text(_ command: String) -> String { "\(self.prefix.program) \(command)\(self.prefix.options)" }
}
