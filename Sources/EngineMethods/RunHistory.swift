import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// What happened in a run, entry by entry.
struct RunHistory: RPCMethod {
    static let name = "run.history"
    static let summary = "What happened in a run, in order."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads
    static let errors = ["run.notFound"]

    let node: Node

    struct Params: Codable, Sendable, JSONDescribed {
        var runId: String
        var limit: Int?
        var cursor: String?
        static let schema = JSONSchema.object([.required("runId", .uuid)] + PageParams.members)
    }

    static func ordering(_ params: Params) -> RPCOrdering { .run(params.runId) }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<HistoryItem> {
        let id = try RunID(checking: params.runId)
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let after = try page.cursor.map { try PageCursor($0, count: 1).values[0].intValue ?? -1 }
        let entries = try await told { () throws(Refusal) in
            try await node.history(id, after: after.map { Int32(clamping: $0) }, limit: page.limit + 1)
        }
        return try Page(rows: entries.map(HistoryItem.init), limit: page.limit, context: context) {
            PageCursor([.int($0.seq)])
        }
    }
}

/// One journal entry as callers see it.
struct HistoryItem: Codable, Sendable, JSONDescribed {
    let seq: Int
    var kind: String
    var name: String
    var status: String
    var attempt: Int
    var startedAt: Timestamp
    let finishedAt: Timestamp
    var output: JSON?
    var error: RunDocument.Failed?

    static let schema = JSONSchema.object([
        .required("seq", .integer), .required("kind", .text), .required("name", .text), .required("status", .text),
        .required("attempt", .integer), .required("startedAt", .timestamp), .required("finishedAt", .timestamp),
        .optional("output", .any),
        .optional("error", .object([.required("type", .text), .required("message", .text)])),
    ])

    init(_ entry: JournalEntry) {
        seq = Int(entry.seq)
        kind = "run"
        name = ""
        status = "completed"
        attempt = 1
        startedAt = entry.at
        finishedAt = entry.at
        describe(entry.fact)
    }

    private mutating func describe(_ fact: JournalEntry.Fact) {
        switch fact {
        case .started(let record): set("run", record.workflow, "started")
        case .stepEnded(let record):
            set(record.kind == .compensation ? "compensation" : "step", record.name, "completed")
            attempt = Int(record.attempt)
            startedAt = record.startedAt
            set(record.outcome)
        case .attemptFailed(let record):
            set(
                record.kind == .compensation ? "compensation" : "step", record.name,
                record.nextAt == nil ? "failed" : "retrying")
            attempt = Int(record.attempt)
            startedAt = record.startedAt
            error = RunDocument.Failed(type: record.failure.type, message: record.failure.message)
        case .heartbeat(_, let number, let progress):
            set("heartbeat", "", "completed")
            attempt = Int(number)
            output = try? JSON(parsing: progress)
        case .timerFired(_, let name): set("timer", name, "fired")
        case .signalReceived(let record):
            set("signal", record.name, "received")
            output = try? JSON(parsing: record.payload)
        case .childStarted(_, let name, let child):
            set("child", name, "started")
            output = .string(child.description)
        case .childEnded(_, let child, let outcome):
            set("child", child.description, "completed")
            set(outcome)
        case .eventEmitted(_, let name): set("event", name, "emitted")
        case .cancelRequested(let reason):
            set("cancel", reason ?? "", "requested")
        case .deadlinePassed: set("deadline", "", "passed")
        case .changed(let change): set("change", change, "taken")
        case .snapshot: set("snapshot", "", "completed")
        case .paused(let record):
            set("pause", record.cause.rawValue, "paused")
            error = RunDocument.Failed(type: record.cause.rawValue, message: record.detail)
        case .resumed: set("resume", "", "resumed")
        case .suspected(let deaths): set("suspicion", "", "after \(deaths) deaths")
        case .ended(let outcome):
            set("run", "", "completed")
            set(outcome)
        }
    }

    private mutating func set(_ kind: String, _ name: String, _ status: String) {
        self.kind = kind
        self.name = name
        self.status = status
    }

    private mutating func set(_ outcome: Outcome) {
        switch outcome {
        case .completed(let json): output = try? JSON(parsing: json)
        case .failed(let failure):
            status = "failed"
            error = RunDocument.Failed(type: failure.type, message: failure.message)
        case .cancelled(let reason):
            status = "cancelled"
            error = reason.map { RunDocument.Failed(type: "cancelled", message: $0) }
        }
    }
}
