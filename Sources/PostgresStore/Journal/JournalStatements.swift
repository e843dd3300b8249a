import WorkflowCore
import WorkflowEngine
import WorkflowKit

import struct Foundation.UUID

/// The statements that a batch consists of; parts that are empty are not sent.
///
/// Every list travels as arrays that `unnest` turns into rows: one text and one plan whatever the number of rows.
enum JournalStatements {
    static func fence(_ incarnation: Int64) -> SQLStatement {
        statement(EmbeddedSQL.fence, "Fence", .int8(incarnation))
    }

    static func statements(for batch: Batch, by incarnation: Int64) -> [SQLStatement] {
        var statements: [SQLStatement] = []
        if !batch.guarded.isEmpty {
            statements.append(insertGuarded(batch.guarded, incarnation))
            statements.append(keyHolders(batch.guarded))
        }
        if !batch.created.isEmpty { statements.append(insertRuns(batch.created)) }
        if !batch.segments.isEmpty { statements.append(insertSegments(batch.segments, incarnation)) }
        if !batch.changed.isEmpty { statements.append(updateRuns(batch.changed)) }
        let snapshots = snapshots(of: batch.segments)
        if !snapshots.isEmpty { statements.append(rebase(snapshots)) }
        if !batch.closed.isEmpty {
            let open = batch.closed.filter(\.wasOpen).map(\.row.id.uuid)
            if !open.isEmpty { statements.append(statement(EmbeddedSQL.deleteRuns, "DeleteRuns", .uuidArray(open))) }
            statements.append(insertClosed(batch.closed))
        }
        if !batch.events.isEmpty || !batch.closed.isEmpty {
            statements.append(insertEvents(batch.events, batch.closed))
        }
        if !batch.messages.isEmpty { statements.append(insertMessages(batch.messages)) }
        if !batch.consumed.isEmpty {
            statements.append(statement(EmbeddedSQL.deleteMessages, "DeleteMessages", .int8Array(batch.consumed)))
        }
        return statements
    }

    /// One link of the lane's chain in the audit log for all that a commit changes because somebody asked for it.
    static func audit(_ audit: [(run: RunID, entry: AuditEntry)], chain: String) -> [SQLStatement] {
        guard let first = audit.first?.entry else { return [] }
        let entries = audit.map { _, entry -> JSON in
            [
                "at": .string(entry.at.rfc3339(.microseconds)), "principal": .string(entry.principal),
                "method": .string(entry.method), "entity": .string(entry.entity),
                "requestId": .string(entry.requestID),
            ]
        }
        return [
            statement(
                EmbeddedSQL.appendCommitAudit, "AppendCommitAudit", .text(chain), .timestamp(first.at),
                .text(JSON.array(entries).text))
        ]
    }

    private static func insertSegments(_ segments: [Batch.Segment], _ incarnation: Int64) -> SQLStatement {
        statement(
            EmbeddedSQL.insertSegments, "InsertSegments",
            .dateArray(segments.map { $0.run.createdAt.utcDay }),
            .uuidArray(segments.map(\.run.uuid)),
            .int4Array(segments.map { $0.entries[0].seq }),
            .int4Array(segments.map { $0.entries[$0.entries.count - 1].seq }),
            .int8(incarnation),
            .textArray(segments.map { String(decoding: JournalCodec.encode($0.entries), as: UTF8.self) }))
    }

    private static func insertRuns(_ rows: [RunRow]) -> SQLStatement {
        statement(EmbeddedSQL.insertRuns, "InsertRuns", parameters: columns(rows) + [.textArray(rows.map(\.reason))])
    }

    private static func insertGuarded(_ starts: [Batch.GuardedStart], _ incarnation: Int64) -> SQLStatement {
        let rows = starts.map(\.row)
        return statement(
            EmbeddedSQL.insertGuardedRuns, "InsertGuardedRuns",
            parameters: columns(rows) + [
                .textArray(rows.map(\.key)),
                .dateArray(rows.map { $0.id.createdAt.utcDay }),
                .int8(incarnation),
                .textArray(starts.map { String(decoding: JournalCodec.encode([$0.entry]), as: UTF8.self) }),
            ])
    }

    private static func keyHolders(_ starts: [Batch.GuardedStart]) -> SQLStatement {
        statement(
            EmbeddedSQL.keyHolders, "KeyHolders", .uuidArray(starts.map(\.row.id.uuid)),
            .textArray(starts.map(\.row.workflow)), .textArray(starts.map(\.row.key)))
    }

    /// The columns that every insert of a run has, in the order of InsertRuns and InsertGuardedRuns.
    private static func columns(_ rows: [RunRow]) -> [SQLValue] {
        [
            .uuidArray(rows.map(\.id.uuid)), .int4Array(rows.map(\.slot.number)), .textArray(rows.map(\.workflow)),
            .int4Array(rows.map(\.version)), .int2Array(rows.map(\.state.rawValue)), .int2Array(rows.map(\.priority)),
            .textArray(rows.map(\.queue)), .timestampArray(rows.map(\.wakeAt)), .timestampArray(rows.map(\.deadline)),
            .uuidArray(rows.map { $0.parent?.uuid }),
        ]
    }

    private static func updateRuns(_ rows: [RunRow]) -> SQLStatement {
        statement(
            EmbeddedSQL.updateRuns, "UpdateRuns", .uuidArray(rows.map(\.id.uuid)),
            .int2Array(rows.map(\.state.rawValue)), .timestampArray(rows.map(\.wakeAt)), .textArray(rows.map(\.reason)))
    }

    private static func snapshots(of segments: [Batch.Segment]) -> [(run: RunID, seq: Int32)] {
        segments.compactMap { segment in
            let last = segment.entries.last { if case .snapshot = $0.fact { true } else { false } }
            return last.map { (segment.run, $0.seq) }
        }
    }

    private static func rebase(_ snapshots: [(run: RunID, seq: Int32)]) -> SQLStatement {
        statement(
            EmbeddedSQL.rebaseRuns, "RebaseRuns", .uuidArray(snapshots.map(\.run.uuid)),
            .int4Array(snapshots.map(\.seq)))
    }

    private static func insertClosed(_ closed: [Batch.Closed]) -> SQLStatement {
        statement(
            EmbeddedSQL.insertClosed, "InsertClosed",
            .dateArray(closed.map(\.at.utcDay)), .uuidArray(closed.map(\.row.id.uuid)),
            .textArray(closed.map(\.row.workflow)), .int4Array(closed.map(\.row.version)),
            .int2Array(closed.map { OutcomeCode($0.outcome).rawValue }), .textArray(closed.map(\.row.queue)),
            .textArray(closed.map(\.row.key)), .uuidArray(closed.map { $0.row.parent?.uuid }),
            .timestampArray(closed.map(\.at)),
            .textArray(
                closed.map { if case .failed(let failure) = $0.outcome { failure.type } else { nil } }))
    }

    /// What administrators are told of a run that ended.
    private static func ended(_ closed: Batch.Closed) -> JSON {
        [
            "runId": .string(closed.row.id.description), "workflow": .string(closed.row.workflow),
            "status": .string(OutcomeCode(closed.outcome).status.rawValue), "key": .string(orNull: closed.row.key),
        ]
    }

    /// One row for each event, and one for all runs that ended.
    private static func insertEvents(_ events: [Batch.Event], _ closed: [Batch.Closed]) -> SQLStatement {
        var types = events.map(\.type)
        var audiences = events.map { JSON.array($0.audiences.map(JSON.string)).bytes }
        var data = events.map(\.data)
        var runs: [UUID?] = events.map(\.run.uuid)
        var sizes = [Int32](repeating: 1, count: events.count)
        if let first = closed.first {
            types.append("run.ended")
            audiences.append(JSON.array([]).bytes)
            data.append(closed.count == 1 ? ended(first).bytes : JSON.array(closed.map(ended)).bytes)
            runs.append(closed.count == 1 ? first.row.id.uuid : nil)
            sizes.append(Int32(closed.count))
        }
        return statement(
            EmbeddedSQL.insertEvents, "InsertEvents", .textArray(types), .jsonArray(audiences), .jsonArray(data),
            .uuidArray(runs), .int4Array(sizes))
    }

    private static func insertMessages(_ messages: [Batch.Message]) -> SQLStatement {
        let bodies = messages.map { MessageCodec.encode($0.body) }
        return statement(
            EmbeddedSQL.insertMessages, "InsertMessages", .int4Array(messages.map(\.run.slotNumber)),
            .uuidArray(messages.map(\.run.uuid)), .textArray(bodies.map(\.kind)), .textArray(bodies.map(\.body)))
    }

    static func statement(_ text: String, _ name: String, _ parameters: SQLValue...) -> SQLStatement {
        statement(text, name, parameters: parameters)
    }

    static func statement(_ text: String, _ name: String, parameters: [SQLValue]) -> SQLStatement {
        SQLStatement(uncheckedText: text, name: name, parameters: parameters)
    }
}

/// How a closed run's outcome is stored.
enum OutcomeCode: Int16, CaseIterable {
    case completed = 0
    case failed = 1
    case cancelled = 2

    init(_ outcome: Outcome) {
        self =
            switch outcome {
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }

    var status: RunStatus {
        switch self {
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
