import ArgumentParser
import Conveyor

/// `conveyor doctor`
struct DoctorCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let subjects =
            ["Settings, libraries, database, migrations, clocks, broker, topology, queues, workers"] + OperatorApplication.current.checks.subjects
        return CommandConfiguration(
            commandName: "doctor", abstract: "Check settings, database, broker and services; each finding says what to do. Exit 1 if a check fails.",
            discussion: "\(subjects.joined(separator: ", ")). It changes nothing.")
    }

    @Flag(help: "Only failed checks and warnings.") var quiet = false
    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            let all = await Doctor(context: context).examine()
            let shown = self.quiet ? all.filter { $0.verdict != .ok } : all
            if self.json {
                try Terminal.print(json: shown)
            } else {
                Self.print(shown)
                let (failed, warnings) = (all.count { $0.verdict == .failed }, all.count { $0.verdict == .warning })
                Swift.print(
                    failed + warnings == 0
                        ? Terminal.output.styled("All is well.", .green)
                        : "\(Quantity.count(failed)) wrong, \(Quantity.count(warnings)) worth a look")
            }
            if all.contains(where: { $0.verdict == .failed }) { throw ExitCode(1) }
        }
    }

    private static func print(_ findings: [Diagnosis]) {
        let output = Terminal.output
        let width = findings.map(\.check.columns).max() ?? 0
        for finding in findings {
            let (mark, style): (String, Terminal.Style) =
                switch finding.verdict {
                case .ok: ("✓", .green)
                case .warning: ("!", .yellow)
                case .failed: ("✗", .red)
                }
            let blanks = String(repeating: " ", count: width - finding.check.columns + 2)
            Swift.print(
                "\(output.styled(mark, style)) \(finding.check)\(blanks)\(output.styled(finding.detail.onOneLine, finding.verdict == .ok ? .dim : style))"
            )
            if let advice = finding.advice { Swift.print("  \(String(repeating: " ", count: width))  → \(advice)") }
        }
    }
}
