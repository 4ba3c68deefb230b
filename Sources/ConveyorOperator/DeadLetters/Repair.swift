import Conveyor
import Postgres
import RabbitMQ

/// An edit of one payload as steps that repair others with the same mistake.
///
/// A value that the edit moved from one member to another is moved: each payload keeps its own. Other values are the same for all.
struct Repair: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case move(from: String, to: String)
        case remove(String)
        case set(String, JSONValue)
    }

    /// A step does not fit a payload: the part that it changes is missing.
    struct Misfit: Error, Sendable, Equatable, CustomStringConvertible {
        let description: String
    }

    /// In the order of application; paths are JSON Pointers (RFC 6901).
    let steps: [Step]

    /// nil for an edit that has changed nothing, or the payload as a whole.
    init?(_ patch: JSONPatch) {
        guard !patch.steps.isEmpty, patch.steps.allSatisfy({ !$0.path.isEmpty }) else { return nil }
        var removed = patch.steps.filter { $0.op == .remove }
        var steps: [Step] = []
        for step in patch.steps {
            guard step.op != .remove, let value = step.value else { continue }
            if step.op == .add, let index = removed.firstIndex(where: { $0.old == value }) {
                steps.append(.move(from: removed.remove(at: index).path, to: step.path))
            } else {
                steps.append(.set(step.path, value))
            }
        }
        self.steps = steps + removed.map { .remove($0.path) }
    }

    /// The repaired payload.
    func apply(to payload: JSONValue) throws(Misfit) -> JSONValue {
        var payload = payload
        for step in self.steps {
            switch step {
            case .move(let from, let to):
                let value = try payload.take(Self.names(from), from)
                try payload.put(value, Self.names(to), to)
            case .remove(let path): _ = try payload.take(Self.names(path), path)
            case .set(let path, let value): try payload.put(value, Self.names(path), path)
            }
        }
        return payload
    }

    private static func names(_ path: String) -> ArraySlice<String> {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }[...]
    }
}

extension Repair.Step: CustomStringConvertible {
    /// For people: `move /order to /order_id`.
    var description: String {
        switch self {
        case .move(let from, let to): "move \(from) to \(to)"
        case .remove(let path): "remove \(path)"
        case .set(let path, let value): "set \(path) to \((try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "?")"
        }
    }
}

extension JSONValue {
    /// Removes the value at a path.
    fileprivate mutating func take(_ names: ArraySlice<String>, _ path: String) throws(Repair.Misfit) -> JSONValue {
        guard let name = names.first else { throw Repair.Misfit(description: "\(path) is the whole payload") }
        let isLast = names.count == 1
        switch self {
        case .object(var members):
            guard var member = members[name] else { throw Repair.Misfit(description: "\(path) is missing") }
            let taken = isLast ? member : try member.take(names.dropFirst(), path)
            members[name] = isLast ? nil : member
            self = .object(members)
            return taken
        case .array(var elements):
            guard let index = Int(name), elements.indices.contains(index) else { throw Repair.Misfit(description: "\(path) is missing") }
            let taken = isLast ? elements.remove(at: index) : try elements[index].take(names.dropFirst(), path)
            self = .array(elements)
            return taken
        default: throw Repair.Misfit(description: "\(path) is missing")
        }
    }

    /// Sets the value at a path, whose parent must exist.
    fileprivate mutating func put(_ value: JSONValue, _ names: ArraySlice<String>, _ path: String) throws(Repair.Misfit) {
        guard let name = names.first else { throw Repair.Misfit(description: "\(path) is the whole payload") }
        let isLast = names.count == 1
        switch self {
        case .object(var members):
            if isLast {
                members[name] = value
            } else {
                guard var member = members[name] else { throw Repair.Misfit(description: "\(path) has no place: \(name) is missing") }
                try member.put(value, names.dropFirst(), path)
                members[name] = member
            }
            self = .object(members)
        case .array(var elements):
            if isLast, name == "-" {
                elements.append(value)
            } else {
                guard let index = Int(name), elements.indices.contains(index) else { throw Repair.Misfit(description: "\(path) is missing") }
                if isLast { elements[index] = value } else { try elements[index].put(value, names.dropFirst(), path) }
            }
            self = .array(elements)
        default: throw Repair.Misfit(description: "\(path) has no place: it is in no object or list")
        }
    }
}

// MARK: Dead letters

extension DeadLetterStore {
    private static let lastEdited: Statement = """
        select d.id from replacements r join dead_letters d on d.id = r.dead_letter_id where d."group" = $1 order by r.at desc limit 1
        """

    /// The repair of an edited dead letter; nil if it was not edited, or the edit fits no other.
    func repair(of id: ID) async throws -> Repair? {
        guard let edit = try await self.history(of: id).last(where: { $0.act == "edit" })?.diff else { return nil }
        return Repair(JSONPatch(steps: try JSON.decode(from: edit.bytes)))
    }

    /// The last edited dead letter of a cause, and its repair.
    func lastRepair(ofGroup group: String) async throws -> (id: ID, repair: Repair)? {
        guard let id = try await self.pool.query(Self.lastEdited, group.withoutNUL).decode(ID.self).first else { return nil }
        return try await self.repair(of: id).map { (id, $0) }
    }
}

extension DeadLetterActs {
    /// The result of a bulk repair.
    struct Repaired: Sendable {
        var sent: [ID] = []
        /// The unchanged ones, with the reasons.
        var left: [(id: ID, reason: String)] = []
    }

    /// Repairs dead letters in the same way, and replays each as an edited one. Those that the repair does not fit stay open.
    /// - Parameter progress: receives the number of checked ones.
    func replay(
        _ ids: [ID], repairedBy repair: Repair, force: Bool = false, progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> Repaired {
        var outcome = Repaired()
        let store = DeadLetterStore(application: self.application, pool: self.pool)
        for (index, id) in ids.enumerated() {
            do {
                guard let detail = try await store.find(id) else { throw Refusal.unknown(id) }
                try await self.replay(id, editedTo: try detail.payload(repairedBy: repair), force: force)
                outcome.sent.append(id)
            } catch let refusal as Refusal {
                outcome.left.append((id, refusal.description))
            }
            progress(index + 1)
        }
        return outcome
    }
}

extension DeadLetterDetail {
    /// - Throws: `DeadLetterActs.Refusal.invalid` if the repair does not fit.
    func payload(repairedBy repair: Repair) throws(DeadLetterActs.Refusal) -> [UInt8] {
        do {
            return try JSON.encode(try repair.apply(to: try JSON.decode(JSONValue.self, from: self.payload)))
        } catch let misfit as Repair.Misfit {
            throw .invalid("the repair does not fit: \(misfit)")
        } catch {
            throw .invalid("the repair does not fit: the payload is not JSON")
        }
    }
}
