import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// A schedule as callers see it.
struct ScheduleDocument: Codable, Sendable, JSONDescribed {
    let name: String
    let workflow: String
    var input: JSON?
    var cron: String?
    var timeZone: String?
    var everyMs: Int?
    let missed: String
    let overlap: String
    let nextAt: Timestamp
    let lastFiredAt: Timestamp?
    let createdAt: Timestamp

    init(_ schedule: Schedule) {
        name = schedule.name
        workflow = schedule.workflow
        input = try? JSON(parsing: schedule.input)
        switch schedule.cadence {
        case .cron(let expression, let zone): (cron, timeZone) = (expression.text, zone.identifier)
        case .every(let period, _): everyMs = Int(period.milliseconds)
        }
        missed = schedule.missed.rawValue
        overlap = schedule.overlap.rawValue
        nextAt = schedule.nextAt
        lastFiredAt = schedule.lastFiredAt
        createdAt = schedule.createdAt
    }

    static let schema = JSONSchema.object([
        .required("name", .text), .required("workflow", .text), .optional("input", .any), .optional("cron", .text),
        .optional("timeZone", .text), .optional("everyMs", .integer), .required("missed", .text),
        .required("overlap", .text), .required("nextAt", .timestamp),
        .optional("lastFiredAt", .timestamp, "the moment that the newest run was started for"),
        .required("createdAt", .timestamp),
    ])
}

/// Schedules, by name.
struct ScheduleList: RPCMethod {
    static let name = "schedule.list"
    static let summary = "Schedules, by name."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads

    let schedules: ScheduleRunner

    struct Params: Codable, Sendable, JSONDescribed {
        var limit: Int?
        var cursor: String?
        static let schema = JSONSchema.object(PageParams.members)
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Page<ScheduleDocument> {
        let page = PageParams(limit: params.limit, cursor: params.cursor)
        let after = try page.cursor.map { try PageCursor($0, count: 1).values[0].stringValue ?? "" }
        let rows = try await context.read { [schedules] transaction in
            try await schedules.store.list(after: after, limit: page.limit + 1, in: transaction)
        }
        return try Page(rows: rows.map(ScheduleDocument.init), limit: page.limit, context: context) {
            PageCursor([.string($0.name)])
        }
    }
}
