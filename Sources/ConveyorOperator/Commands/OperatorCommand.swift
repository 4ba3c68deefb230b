import ArgumentParser
import Conveyor

/// The command line of an ``OperatorApplication``.
struct OperatorCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let application = OperatorApplication.current
        let messages: [any ParsableCommand.Type] = [
            DeadCommand.self, QueuesCommand.self, PauseCommand.self, ResumeCommand.self, RunningCommand.self, WaitingCommand.self, SkipCommand.self,
            SendCommand.self, TypesCommand.self, SchedulesCommand.self, SearchCommand.self, TraceCommand.self,
        ]
        let system: [any ParsableCommand.Type] = [
            VerifyCommand.self, AuditLogCommand.self, DoctorCommand.self, PeopleCommand.self, Migrate.self, TopologyCommand.self, Record.self,
            Console.self, SettingsHelp.self,
        ]
        return CommandConfiguration(
            commandName: application.name, abstract: "Inspect, repair and replay the messages of a Conveyor system.", version: ConveyorVersion.full,
            subcommands: messages + application.commands + system)
    }

    /// In the help, commands come first and settings last: ArgumentParser would print a discussion before both.
    static func run() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments == ["--help"] || arguments == ["-h"] || arguments == ["help"] {
            print(Self.helpMessage(columns: Terminal.output.width) + "\n\nSETTINGS:\n" + SettingsHelp.text)
            return
        }
        await Self.main(nil)
    }
}

/// `conveyor settings`, and `conveyor help settings`
struct SettingsHelp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "List the settings that the commands, the recorder and the console read.")

    func run() { print(Self.text) }

    /// Names on the left, explanations beside them, within the terminal's width.
    static var text: String {
        let settings = OperatorApplication.current.conveyor.allSettings.filter { !$0.readers.isDisjoint(with: .operator) }
        let indent = 4 + (settings.map(\.name.count).max() ?? 0)
        let width = max(30, (Terminal.output.width ?? 140) - indent)
        let lines = settings.map { setting in
            let meaning = (setting.meaning + (setting.defaultValue.map { " (default: \($0))" } ?? "")).wrapped(at: width)
            return "  " + setting.name + String(repeating: " ", count: indent - 2 - setting.name.count)
                + meaning.joined(separator: "\n" + String(repeating: " ", count: indent))
        }
        return "  The environment comes first, then --env-file or CONVEYOR_ENV_FILE. An empty value counts as not set.\n\n"
            + lines.joined(separator: "\n")
    }
}

extension String {
    /// Its words in lines of limited width.
    fileprivate func wrapped(at width: Int) -> [String] {
        self.split(separator: " ").reduce(into: [String]()) { lines, word in
            if let last = lines.last, last.columns + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
    }
}
