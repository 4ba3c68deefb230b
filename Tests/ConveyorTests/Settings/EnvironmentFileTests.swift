import Testing

@testable import Conveyor

@Suite struct EnvironmentFileTests {
    private func parse(_ text: String) throws -> [String: String] { try EnvironmentFile.parse(Array(text.utf8), path: "shop.env") }

    @Test func `a line is a name and everything after the first equals sign`() throws {
        #expect(
            try self.parse("# the shop\n\nA=1\r\n  B_2= x \nURL=postgresql://u:p=q@h/d?a=b#c\nEMPTY=\nQUOTED=\"x\"\nA=2")
                == ["A": "2", "URL": "postgresql://u:p=q@h/d?a=b#c", "EMPTY": "", "QUOTED": "\"x\"", "B_2": " x"])
    }

    @Test(arguments: ["hunter2", "=hunter2", "my key=hunter2", "1A=hunter2", "export A=hunter2"])
    func `a malformed line is refused by its number, without its content`(line: String) {
        #expect(throws: SettingError(name: "--env-file", reason: "shop.env line 2 is not NAME=value")) { try self.parse("A=1\n\(line)\n") }
    }

    @Test func `a value that is not UTF-8 is refused`() {
        #expect(throws: SettingError(name: "--env-file", reason: "shop.env line 1 is not UTF-8")) {
            try EnvironmentFile.parse(Array("A=".utf8) + [0xFF], path: "shop.env")
        }
    }
}
