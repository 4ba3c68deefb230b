import FoundationEssentials
package import Postgres

/// The rows of a consumer's handled messages: the proof that each took effect once.
package struct Inbox: Sendable {
    /// The queue's name.
    let consumer: String
    /// Separates its locks from those of other consumers of the same events.
    private let lockSpace: UInt64

    package init(consumer: String) {
        self.consumer = consumer
        self.lockSpace = Self.lockSpace(of: consumer)
    }

    /// A message that was handled before, and the messages that it emitted.
    package struct Known: Sendable {
        /// Milliseconds since 1970: the time of the emitted messages.
        var handledAt: Int64
        var fingerprint: String?
        package var emitted: [Emission]
    }

    /// An emitted message: everything that cannot be derived from the message that emitted it.
    package struct Emission: Sendable {
        package var type: String
        package var schema: Int
        package var exchange: String
        package var payload: [UInt8]

        package init(type: String, schema: Int, exchange: String, payload: [UInt8]) {
            self.type = type
            self.schema = schema
            self.exchange = exchange
            self.payload = payload
        }
    }

    /// One row to write.
    package struct Row: Sendable {
        var envelope: Envelope
        var reply: Reply
        var emitted: [Emission]

        /// - Throws: an emitted message cannot be encoded.
        package init(envelope: Envelope, reply: Reply) throws {
            self.envelope = envelope
            self.reply = reply
            self.emitted = try reply.emits.map { message in
                let type = Swift.type(of: message)
                return Emission(type: type.type, schema: message.version, exchange: type.exchange, payload: try message.encoded())
            }
        }

        var isRejected: Bool { if case .rejected = self.reply.outcome { true } else { false } }
    }

    /// Locks each id until the transaction ends. The table's key contains the message's time, so it alone cannot stop two copies with different times
    /// that are handled at the same moment. Locks are taken in one order, before any row locks, so batches cannot deadlock on them.
    private static let lockKeys: Statement = "select pg_advisory_xact_lock(key) from unnest($1::int8[]) key"

    private static let find: Statement = """
        select i.message_id, i.handled_at, encode(i.fingerprint, 'hex'),
               e.value ->> 'type', (e.value ->> 'schema')::int, e.value ->> 'exchange', e.value -> 'payload'
        from inbox i left join lateral json_array_elements(i.emitted) with ordinality e on true
        where i.consumer = $1 and i.message_id = any($2::uuid[])
        order by i.message_id, e.ordinality
        """

    private static let insert: Statement = """
        insert into inbox (message_id, correlation_id, causation_id, sent_at, handled_at, took_us, attempt, decides, consumer, type, outcome,
                           fingerprint, result, problem, emitted)
        select m.message_id, m.correlation_id, m.causation_id, m.sent_at, $1, $2, m.attempt, m.decides, $3, $4, m.outcome,
               decode(m.fingerprint, 'hex'), m.result, m.problem, m.emitted
        from unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::timestamptz[], $9::int2[], $10::bool[], $11::text[], $12::text[], $13::json[], $14::json[],
                    $15::json[])
             m(message_id, correlation_id, causation_id, sent_at, attempt, decides, outcome, fingerprint, result, problem, emitted)
        """

    /// Returns those that were handled before. Locks all of them until the transaction ends, so that no other worker handles a copy meanwhile.
    package func claim(_ ids: [ID], in transaction: Transaction) async throws(PostgresError) -> [ID: Known] {
        self.lock(ids, in: transaction)
        return try self.known(from: await transaction.query(Self.find, self.consumer, ids))
    }

    /// As ``claim(_:in:)``, but together with the first query of the handler: for messages that are nearly always new.
    func claimLater(_ ids: [ID], in transaction: Transaction) -> Deferred {
        self.lock(ids, in: transaction)
        return transaction.enqueueQuery(Self.find, self.consumer, ids)
    }

    private func lock(_ ids: [ID], in transaction: Transaction) { Self.lock(ids.map { Self.key($0, self.lockSpace) }, in: transaction) }

    /// Locks messages of any consumers.
    static func lock(_ messages: some Sequence<(id: ID, consumer: String)>, in transaction: Transaction) {
        self.lock(messages.map { self.key($0.id, self.lockSpace(of: $0.consumer)) }, in: transaction)
    }

    private static func lock(_ keys: [Int64], in transaction: Transaction) { transaction.enqueue(self.lockKeys, keys.sorted()) }

    private static func key(_ id: ID, _ space: UInt64) -> Int64 { Int64(bitPattern: id.low ^ space) }

    /// FNV-1a (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv): the same in every process.
    private static func lockSpace(of consumer: String) -> UInt64 {
        consumer.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// The messages that were handled before, as of now.
    package func peek(_ ids: [ID], in pool: PostgresPool) async throws(PostgresError) -> [ID: Known] {
        try self.known(from: await pool.query(Self.find, self.consumer, ids))
    }

    private func known(from rows: Rows) throws(PostgresError) -> [ID: Known] {
        var known: [ID: Known] = [:]
        for row in rows {
            let id = try row[0, as: ID.self]
            if known[id] == nil {
                let handledAt = try row[1, as: Date.self]
                known[id] = Known(handledAt: Clock.milliseconds(handledAt), fingerprint: try row[2, as: String?.self], emitted: [])
            }
            if let type = try row[3, as: String?.self] {
                known[id]?.emitted.append(
                    Emission(
                        type: type, schema: Int(try row[4, as: Int32.self]), exchange: try row[5, as: String.self],
                        payload: Array(try row[6, as: String.self].utf8)))
            }
        }
        return known
    }

    /// Writes the rows of a batch together with the transaction's commit.
    /// - Parameters:
    ///   - handledAt: milliseconds since 1970.
    ///   - microseconds: the batch's duration.
    package func insert(_ rows: [Row], type: String, handledAt: Int64, microseconds: Int, in transaction: Transaction) throws {
        var results: [JSONText?] = []
        var problems: [JSONText?] = []
        var outcomes: [String] = []
        for row in rows {
            switch row.reply.outcome {
            case .succeeded(let result):
                outcomes.append("succeeded")
                results.append(try result.map { JSONText(try JSON.encode($0)) })
                problems.append(nil)
            case .rejected(let problem):
                outcomes.append("rejected")
                results.append(nil)
                problems.append(JSONText(try JSON.encode(problem)))
            }
        }
        transaction.enqueue(
            Self.insert, Clock.date(milliseconds: handledAt), Int32(clamping: microseconds), self.consumer, type,
            rows.map(\.envelope.messageID), rows.map(\.envelope.correlationID), rows.map(\.envelope.causationID),
            rows.map { Clock.date(milliseconds: $0.envelope.sentAt) }, rows.map { Int16(clamping: $0.envelope.attempt) },
            rows.map(\.decides), outcomes, rows.map(\.envelope.fingerprint), results, problems, rows.map(\.emittedJSON))
    }
}

extension Inbox.Row {
    /// Whether this message ends the operation in its correlation id.
    var decides: Bool {
        switch self.reply.decides {
        case .yes: true
        case .no: false
        case .ifRoot: self.envelope.isRoot
        }
    }

    /// `[{"type":…,"schema":…,"exchange":…,"payload":{…}}]`, with the published payloads; nil if nothing is emitted.
    fileprivate var emittedJSON: JSONText? {
        guard !self.emitted.isEmpty else { return nil }
        var text: [UInt8] = [UInt8(ascii: "[")]
        for (position, emission) in self.emitted.enumerated() {
            if position > 0 { text.append(UInt8(ascii: ",")) }
            // Types and exchanges are our own names of letters, dots and underscores.
            text += Array("{\"type\":\"\(emission.type)\",\"schema\":\(emission.schema),\"exchange\":\"\(emission.exchange)\",\"payload\":".utf8)
            text += emission.payload
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: "]"))
        return JSONText(text)
    }
}
