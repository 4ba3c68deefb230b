import Conveyor
import Fixtures
import Shop
import Testing

@testable import ConveyorOperator
@testable import Operator

/// Random files of products.
@Suite struct CatalogFuzzTests {
    @Test(arguments: [("16", 16), ("16.0", 16), ("16.00", 16), ("16.", nil), ("16.5", nil), (".0", nil), ("1e1", nil), ("99999999999", nil)])
    func `an integer in a file follows the rules of a request`(text: String, number: Int?) throws {
        let records = try CSVReader.records(Array("sku,stock_quantity\nA-1,\(text)\n".utf8))
        let row = try? ProductRow(records[1], columns: records[0].fields)
        #expect(row?.stockQuantity == number)
    }

    @Test func `a file is read or refused by its line, and accepted rows follow the rules of a request`() async throws {
        try await Fuzz.run("CSV files", 5000) { fuzz in
            let columns = ProductRow.columns.shuffled(using: &fuzz)
            var text = columns.joined(separator: ",") + "\n"
            for _ in 0..<fuzz.pick([1, 2, 5]) {
                let fields = columns.map { column in
                    var field: String
                    switch (column, fuzz.chance(0.3)) {
                    case (_, true): field = fuzz.pick(Fuzz.texts + Fuzz.integers)
                    case ("sku", _): field = "A-1"
                    case ("name", _): field = "Kettle"
                    case ("currency", _): field = fuzz.pick(["usd", "kwd", "isk", "", "xyz"])
                    case ("images", _): field = fuzz.pick(["", "https://x/a.png https://x/b.png", "https://x/\"><script>"])
                    case ("is_active", _): field = fuzz.pick(["", "yes", "0", "true"])
                    case ("unit_amount", _), ("stock_quantity", _), ("low_stock_threshold", _): field = fuzz.pick(["1", "100", "", "1500"])
                    default: field = ""
                    }
                    if field.contains(where: { ",\"\n\r".contains($0) }) || fuzz.chance(0.1) {
                        field = "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
                    }
                    return field
                }
                text += fields.joined(separator: ",") + fuzz.pick(["\n", "\r\n", "\n,,,,,,,,,\n"])
            }
            let bytes = fuzz.chance(0.3) ? fuzz.broken(Array(text.utf8)) : Array(text.utf8)
            guard let records = try? CSVReader.records(bytes), let header = records.first else { return }
            for record in records.dropFirst() {
                guard let row = try? ProductRow(record, columns: header.fields), let command = try? row.create(category: nil) else { continue }
                var fields = FieldCheck()
                command.check(&fields)
                #expect(fields.findings.isEmpty, "\(fields.findings): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}
