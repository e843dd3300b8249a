package import Postgres
package import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

import struct Foundation.UUID

/// Reads runs from the tables of open and closed runs and from their journals.
package final class PostgresRunReader: RunReader {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func run(_ id: RunID) async throws(StoreError) -> RunView? {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(EmbeddedSQL.oneRun, "OneRun", .uuid(id.uuid)))
            guard let row = rows.first else { return nil }
            var view = try Self.view(row)
            let entries = try await Self.ends(id, pool)
            if let first = entries.first {
                switch first.fact {
                case .started(let record): view.input = record.input
                case .snapshot(let record): view.input = record.start.input
                default: break
                }
                if entries.count > 1 || view.status.isEnd { view.startedAt = first.at }
            }
            if view.status.isEnd, case .ended(let outcome)? = entries.last?.fact { view.outcome = outcome }
            return view
        }
    }

    /// The entries of the first and the last segment.
    private static func ends(_ id: RunID, _ pool: PostgresPool) async throws -> [JournalEntry] {
        let day = id.createdAt.utcDay
        let rows = try await JournalLeaf.query(pool, "JournalEnds", ofDay: day, [.date(day), .uuid(id.uuid)]) { leaf in
            """
            (select seq, body from \(leaf) where day = $1 and run_id = $2 order by seq limit 1)
            union
            (select seq, body from \(leaf) where day = $1 and run_id = $2 order by seq desc limit 1)
            order by seq
            """
        }
        return try rows.flatMap { try JournalCodec.decode(Array(try $0.text("body").utf8)) }
    }

    package func openRun(workflow: String, key: String) async throws(StoreError) -> RunID? {
        try await reading { pool in
            try await pool.query(
                JournalStatements.statement(EmbeddedSQL.runOfKey, "RunOfKey", .text(workflow), .text(key))
            ).first.map { RunID(try $0.uuid("run_id")) }
        }
    }

    package func runs(_ filter: RunFilter) async throws(StoreError) -> [RunView] {
        try await reading { pool in
            var states: [Int16]?
            var outcomes: [Int16]?
            if let status = filter.status {
                states = RunRow.State.allCases.filter { Self.statuses(of: $0).contains(status) }.map(\.rawValue)
                outcomes = OutcomeCode.allCases.filter { $0.status == status }.map(\.rawValue)
            }
            let rows = try await pool.query(
                JournalStatements.statement(
                    EmbeddedSQL.listRuns, "ListRuns", .text(orNull: filter.workflow), .text(orNull: filter.key),
                    .uuid(orNull: Self.lower(filter.createdAfter)), .uuid(orNull: Self.upper(filter)),
                    states.map { .int2Array($0) } ?? .null, outcomes.map { .int2Array($0) } ?? .null,
                    .int4(Int32(filter.limit))))
            return try rows.map(Self.view)
        }
    }

    private static func statuses(of state: RunRow.State) -> [RunStatus] {
        switch state {
        case .queued: [.queued]
        case .active: [.running, .waiting]
        case .parked: [.waiting]
        case .paused: [.paused]
        case .quarantined: [.quarantined]
        }
    }

    private static func lower(_ time: Timestamp?) -> UUID? {
        time.map { RunID(at: $0, random: (0, 0)).uuid }
    }

    private static func upper(_ filter: RunFilter) -> UUID? {
        let created = filter.createdBefore.map { RunID(at: $0, random: (0, 0)) }
        switch (created, filter.before) {
        case (let created?, let before?): return min(created, before).uuid
        case (let one, let other): return (one ?? other)?.uuid
        }
    }

    package func history(_ id: RunID, after: Int32?, limit: Int) async throws(StoreError) -> [JournalEntry]? {
        try await reading { pool in
            let day = id.createdAt.utcDay
            let rows = try await JournalLeaf.query(
                pool, "JournalAfter", ofDay: day,
                [.date(day), .uuid(id.uuid), .int4(after ?? -1), .int4(Int32(clamping: limit))]
            ) { leaf in
                """
                select body from \(leaf)
                where day = $1 and run_id = $2 and last_seq > $3
                order by seq
                limit $4
                """
            }
            let entries = try rows.flatMap { try JournalCodec.decode(Array(try $0.text("body").utf8)) }
                .filter { $0.seq > (after ?? -1) }
            if entries.isEmpty, after == nil { return nil }
            return Array(entries.prefix(limit))
        }
    }

    package func outcomes(_ ids: [RunID]) async throws(StoreError) -> Set<RunID> {
        try await reading { pool in
            let rows = try await pool.query(
                JournalStatements.statement(EmbeddedSQL.closedRuns, "ClosedRuns", .uuidArray(ids.map(\.uuid))))
            return Set(try rows.map { RunID(try $0.uuid("run_id")) })
        }
    }

    private static func view(_ row: SQLRow) throws -> RunView {
        let status: RunStatus
        if let code = try row.intOrNull("outcome") {
            guard let outcome = OutcomeCode(rawValue: Int16(code)) else {
                throw StoreError(.rejected, "a closed run has an unknown outcome")
            }
            status = outcome.status
        } else {
            guard let state = RunRow.State(rawValue: Int16(try row.int("state"))) else {
                throw StoreError(.rejected, "an open run has an unknown state")
            }
            status = statuses(of: state)[0]
        }
        var view = RunView(
            id: RunID(try row.uuid("run_id")), workflow: try row.text("workflow"),
            version: Int32(try row.int("version")), status: status)
        view.key = try row.textOrNull("business_key")
        view.queue = try row.textOrNull("queue")
        view.parent = try row.uuidOrNull("parent").map(RunID.init)
        view.finishedAt = try row.timestampOrNull("closed_at")
        view.reason = try row.textOrNull("reason")
        return view
    }

    private func reading<Result>(_ body: (PostgresPool) async throws -> Result) async throws(StoreError) -> Result {
        do {
            return try await body(pool)
        } catch let error as StoreError {
            throw error
        } catch let error as SQLError {
            // A run whose partition is gone, or never was, is a run that is not there.
            throw StoreError(error)
        } catch {
            throw StoreError(.unavailable, "the database could not be read")
        }
    }
}
