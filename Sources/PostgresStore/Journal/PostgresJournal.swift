package import Postgres
package import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

import struct Foundation.UUID

/// The engine's store on PostgreSQL.
///
/// One instance per lane: each has a connection of its own on which its batches leave as one pipeline with one commit.
/// Everything else goes through a pool that the lanes share.
package final class PostgresJournal: Store {
    private let pipeline: PostgresPipeline
    private let pool: PostgresPool
    /// Tells the lanes of a node apart in the audit log, so that none waits for another's chain.
    private let lane = String(UInt32.random(in: .min ... .max), radix: 36)

    package init(pipeline: PostgresPipeline, pool: PostgresPool) {
        self.pipeline = pipeline
        self.pool = pool
    }

    package var executor: (any TaskExecutor)? { PostgresConnection.executor }

    private func chain(_ incarnation: Int64) -> String { "engine:\(incarnation)-\(lane)" }

    // MARK: Writing

    package nonisolated(nonsending) func commit(_ batch: Batch, by incarnation: Int64) async throws(StoreError)
        -> Committed
    {
        let statements =
            [JournalStatements.fence(incarnation)] + JournalStatements.statements(for: batch, by: incarnation)
            + JournalStatements.audit(batch.audit, chain: chain(incarnation))
        // Nothing may overtake what a lost connection has left unread.
        if !pipeline.unfinishedProcesses.isEmpty { try await reading(endLostSessions) }
        do throws(SQLError) {
            let results = try await pipeline.submit(statements)
            guard !batch.guarded.isEmpty else { return Committed() }
            // Behind the fence come InsertGuardedRuns and KeyHolders.
            var decision = KeyDecision(batch)
            try decision.read(results[2])
            while let again = decision.undecided {
                try decision.read(try await tryAgain(again, by: incarnation))
            }
            return Committed(winners: decision.winners)
        } catch {
            throw StoreError(error)
        }
    }

    /// What KeyHolders finds for guarded starts of a batch whose other parts are committed.
    private nonisolated(nonsending) func tryAgain(
        _ batch: Batch, by incarnation: Int64
    ) async throws(SQLError) -> [SQLRow] {
        do throws(SQLError) {
            return try await pipeline.submit(
                [JournalStatements.fence(incarnation)] + JournalStatements.statements(for: batch, by: incarnation))[2]
        } catch {
            guard error.sqlState != StoreError.fencedState else { throw error }
            throw SQLError(kind: .outcomeUnknown, message: error.message, sqlState: error.sqlState)
        }
    }

    package func transaction<Result: Sendable>(
        by incarnation: Int64, _ body: @Sendable (any Transaction) async throws -> (Batch, Result)
    ) async throws -> Result {
        do {
            return try await pool.transaction { transaction in
                do {
                    _ = try await transaction.query(JournalStatements.fence(incarnation))
                    let (batch, result) = try await body(transaction)
                    let statements =
                        JournalStatements.statements(for: batch, by: incarnation)
                        + JournalStatements.audit(batch.audit, chain: chain(incarnation))
                    for statement in statements {
                        _ = try await transaction.query(statement)
                    }
                    return result
                } catch let error as SQLError where error.sqlState == StoreError.fencedState {
                    throw StoreError(error)
                }
            }
        } catch let error as SQLError where error.kind == .unavailable || error.kind == .outcomeUnknown {
            throw StoreError(error)
        }
    }

    package func hasEntry(_ run: RunID, seq: Int32, by incarnation: Int64) async throws(StoreError) -> Bool {
        try await reading { pool in
            try await endLostSessions(pool)
            return try await pool.transaction { transaction in
                _ = try await transaction.query(
                    JournalStatements.statement(EmbeddedSQL.probe, "Probe", .int8(incarnation)))
                let rows = try await transaction.query(
                    JournalStatements.statement(
                        EmbeddedSQL.hasEntry, "HasEntry", .date(run.createdAt.utcDay), .uuid(run.uuid), .int4(seq)))
                return try rows[0].bool("found")
            }
        }
    }

    /// Ends what is left of lost connections: a batch that lies unread in a socket has not taken the lock that Probe waits
    /// for.
    private func endLostSessions(_ pool: PostgresPool) async throws {
        for process in pipeline.unfinishedProcesses {
            let rows = try await pool.query(
                JournalStatements.statement(
                    EmbeddedSQL.endSession, "EndSession", .int4(process), .int8(Self.endPatience.milliseconds)))
            guard try rows[0].bool("is_gone") else {
                throw StoreError(.unavailable, "what is left of a lost connection has not ended yet")
            }
            pipeline.hasEnded(process: process)
        }
    }

    private static let endPatience: Duration = .seconds(5)

    package func post(_ message: Batch.Message) async throws(StoreError) -> PostResult {
        let (kind, body) = MessageCodec.encode(message.body)
        return try await reading { pool in
            let posted = try await pool.execute(
                JournalStatements.statement(
                    EmbeddedSQL.postMessage, "PostMessage", .uuid(message.run.uuid), .text(kind), .text(orNull: body)))
            if posted > 0 { return .posted }
            return try await Self.closed([message.run], pool).isEmpty ? .unknown : .ended
        }
    }

    // MARK: Reading

    package func load(_ runs: [RunID]) async throws(StoreError) -> [RunID: LoadedRun] {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(EmbeddedSQL.runRows, "RunRows", .uuidArray(runs.map(\.uuid))))
            var open: [RunID: (row: RunRow, base: Int32)] = [:]
            for row in rows {
                let run = try RunRow(row)
                open[run.id] = (run, Int32(try row.int("base_seq")))
            }
            let bodies = try await Self.bodies(open.mapValues(\.base), pool)
            var loaded: [RunID: LoadedRun] = [:]
            for (id, (row, base)) in open { loaded[id] = Self.loadedRun(row, base, bodies[id] ?? []) }
            let missing = runs.filter { loaded[$0] == nil }
            if !missing.isEmpty {
                let ended = try await Self.closed(missing, pool)
                for id in missing { loaded[id] = ended.contains(id) ? .ended : .unknown }
            }
            return loaded
        }
    }

    private static func loadedRun(_ row: RunRow, _ base: Int32, _ bodies: [[UInt8]]) -> LoadedRun {
        do {
            let entries = try bodies.flatMap(JournalCodec.decode).drop { $0.seq < base }
            guard !entries.isEmpty else { return .unreadable(row, "it is empty") }
            return .open(row, Array(entries))
        } catch {
            return .unreadable(row, "\(error)")
        }
    }

    /// The segments of each run from the given entry on, in order, read from the partition of the run's day.
    private static func bodies(_ runs: [RunID: Int32], _ pool: PostgresPool) async throws -> [RunID: [[UInt8]]] {
        var bodies: [RunID: [[UInt8]]] = [:]
        for (day, ids) in Dictionary(grouping: runs.keys, by: \.createdAt.utcDay) {
            let rows = try await JournalLeaf.query(
                pool, "JournalBodies", ofDay: day,
                [.date(day), .uuidArray(ids.map(\.uuid)), .int4Array(ids.map { runs[$0] ?? 0 })]
            ) { leaf in
                """
                select run_id, body
                from \(leaf) as leaf
                join unnest($2::uuid[], $3::integer[]) as wanted (run_id, base_seq) using (run_id)
                where leaf.day = $1 and leaf.last_seq >= wanted.base_seq
                order by run_id, seq
                """
            }
            for row in rows {
                bodies[RunID(try row.uuid("run_id")), default: []].append(Array(try row.text("body").utf8))
            }
        }
        return bodies
    }

    private static func closed(_ runs: [RunID], _ pool: PostgresPool) async throws -> Set<RunID> {
        let rows = try await pool.query(
            JournalStatements.statement(EmbeddedSQL.closedRuns, "ClosedRuns", .uuidArray(runs.map(\.uuid))))
        return Set(try rows.map { RunID(try $0.uuid("run_id")) })
    }

    package func openRuns(in range: SlotRange, after: RunID?, limit: Int) async throws(StoreError) -> [RunRow] {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(
                    EmbeddedSQL.openRuns, "OpenRuns", .int4(range.first), .int4(range.last),
                    .int4(after?.slotNumber ?? -1), .uuid(after?.uuid ?? Self.lowestID), .int4(Int32(limit))))
            return try rows.map(RunRow.init)
        }
    }

    private static let lowestID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    package func dueRuns(in range: SlotRange, from: Timestamp, until: Timestamp) async throws(StoreError) -> [RunRow] {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(
                    EmbeddedSQL.dueRuns, "DueRuns", .int4(range.first), .int4(range.last), .timestamp(from),
                    .timestamp(until)))
            return try rows.map(RunRow.init)
        }
    }

    package func messages(in range: SlotRange, after: Int64, limit: Int) async throws(StoreError) -> [StoredMessage] {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(
                    EmbeddedSQL.messages, "Messages", .int4(range.first), .int4(range.last), .int8(after),
                    .int4(Int32(limit))))
            return try rows.map { row in
                let body = try MessageCodec.decode(kind: try row.text("kind"), body: try row.textOrNull("body"))
                return StoredMessage(
                    id: Int64(try row.int("message_id")),
                    message: Batch.Message(run: RunID(try row.uuid("run_id")), body: body))
            }
        }
    }

    private func reading<Result>(_ body: (PostgresPool) async throws -> Result) async throws(StoreError) -> Result {
        do {
            return try await body(pool)
        } catch let error as StoreError {
            throw error
        } catch let error as SQLError {
            throw StoreError(error)
        } catch {
            throw StoreError(.unavailable, "the database could not be read")
        }
    }
}

extension RunRow {
    init(_ row: SQLRow) throws(SQLError) {
        guard let state = State(rawValue: Int16(try row.int("state"))) else {
            throw SQLError(kind: .defect, message: "a run is in a state that this release does not know")
        }
        self.init(
            id: RunID(try row.uuid("run_id")), workflow: try row.text("workflow"),
            version: Int32(try row.int("version")), state: state, queue: try row.textOrNull("queue"),
            priority: Int16(try row.int("priority")), key: try row.textOrNull("business_key"),
            wakeAt: try row.timestampOrNull("wake_at"), deadline: try row.timestampOrNull("deadline"),
            parent: try row.uuidOrNull("parent").map(RunID.init), reason: try row.textOrNull("reason"))
    }
}

extension StoreError {
    /// What holdfast.fence raises.
    static let fencedState = "HF001"

    init(_ error: SQLError) {
        let kind: Kind
        switch error.kind {
        case _ where error.sqlState == Self.fencedState: kind = .fenced
        case .outcomeUnknown: kind = .outcomeUnknown
        case .conflict, .unavailable, .cancelled: kind = .unavailable
        case .rejected, .notPermitted, .defect: kind = .rejected
        }
        self.init(kind, error.description)
    }
}
