import Conveyor
import ConveyorOperator
import FoundationEssentials
import Postgres
import Shop

/// Imports a file's products through the queue, like any other change: new ones are created, known ones (by SKU) are changed.
struct CatalogImport: Sendable {
    /// The valid rows, and the invalid ones.
    struct Prepared: Sendable {
        var creates: [(id: ID, payload: CreateProduct)] = []
        var updates: [(id: ID, payload: UpdateProduct)] = []
        /// By the ids of their commands.
        var rows: [ID: ProductRow] = [:]
        var refused: [ProductRow.Refused] = []

        var count: Int { self.creates.count + self.updates.count }
    }

    let pool: PostgresPool

    private static let categories: Statement = "select slug, id from categories"
    private static let products: Statement = "select sku, id from products where sku = any($1)"

    /// Reads and checks a file.
    /// - Throws: `CSVReader.Malformed` if the whole file is malformed.
    func prepare(_ bytes: [UInt8]) async throws -> Prepared {
        let records = try CSVReader.records(bytes)
        guard let header = records.first else { throw CSVReader.Malformed(line: 1, reason: "there is nothing in it") }
        let columns = header.fields.map { String($0.lowercased().filter { !$0.isWhitespace }) }
        guard columns.contains("sku") else {
            throw CSVReader.Malformed(line: header.line, reason: "the first line names the columns, and has no sku")
        }
        if let unknown = columns.first(where: { !ProductRow.columns.contains($0) }) {
            throw CSVReader.Malformed(
                line: header.line, reason: "no column is called \(unknown.onOneLine); there are \(ProductRow.columns.joined(separator: ", "))")
        }
        if let twice = columns.first(where: { column in columns.count { $0 == column } > 1 }) {
            throw CSVReader.Malformed(line: header.line, reason: "the column \(twice) is there twice")
        }
        let slugs = Dictionary(uniqueKeysWithValues: try await self.pool.query(Self.categories).decode((String, ID).self).map { ($0.0, $0.1) })
        var prepared = Prepared()
        var rows: [ProductRow] = []
        var seen: [String: Int] = [:]
        // Spreadsheets also write empty rows.
        for record in records.dropFirst() where !record.fields.allSatisfy(\.isEmpty) {
            do throws(ProductRow.Refused) {
                let row = try ProductRow(record, columns: columns)
                if let line = seen.updateValue(row.line, forKey: row.sku) {
                    throw ProductRow.Refused(line: row.line, sku: row.sku, reason: "the same sku as in line \(line)")
                }
                if let category = row.category, slugs[category] == nil {
                    throw ProductRow.Refused(
                        line: row.line, sku: row.sku, reason: "no category has the slug \(category.onOneLine.shortened(to: 200))")
                }
                rows.append(row)
            } catch {
                prepared.refused.append(error)
            }
        }
        let known = Dictionary(
            uniqueKeysWithValues: try await self.pool.query(Self.products, rows.map(\.sku)).decode((String, ID).self).map { ($0.0, $0.1) })
        // Ids of version 5 distinguish imported products from those created through the API.
        let base = ID.v7(milliseconds: UInt64(Clock.milliseconds()))
        for row in rows {
            let id = base.derived("line \(row.line)")
            let category = row.category.flatMap { slugs[$0] }
            do throws(ProductRow.Refused) {
                if let product = known[row.sku] {
                    prepared.updates.append((id, row.update(product, category: category)))
                } else {
                    prepared.creates.append((id, try row.create(category: category)))
                }
                prepared.rows[id] = row
            } catch {
                prepared.refused.append(error)
            }
        }
        return prepared
    }

    /// Sends the prepared commands and waits for their results.
    /// - Returns: all refused rows, by line.
    func send(_ prepared: Prepared, _ sender: CommandSender, progress: (Int) -> Void) async throws -> [ProductRow.Refused] {
        var outcomes = try await sender.send(prepared.creates, progress: progress)
        outcomes.merge(try await sender.send(prepared.updates) { progress(prepared.creates.count + $0) }) { $1 }
        var refused = prepared.refused
        for (id, outcome) in outcomes {
            guard let row = prepared.rows[id] else { continue }
            let reason: String
            switch outcome {
            case .succeeded: continue
            case .rejected(let problem):
                let fields = (problem.errors ?? []).map { "\($0.field) \($0.message)" }
                reason = ([problem.detail] + fields).joined(separator: " ")
            case .dead(let error): reason = "its message is dead: \(error)"
            case .undecided: reason = "not handled yet; is inventory-worker running?"
            }
            refused.append(ProductRow.Refused(line: row.line, sku: row.sku, reason: reason))
        }
        return refused.sorted { $0.line < $1.line }
    }
}
