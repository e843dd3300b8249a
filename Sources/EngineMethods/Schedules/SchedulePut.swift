import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// Makes or replaces a schedule.
struct SchedulePut: RPCMethod {
    static let name = "schedule.put"
    static let summary = "Makes or replaces a schedule, which starts runs of a workflow again and again."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["workflow.notFound"]

    let schedules: ScheduleRunner

    struct Params: Codable, Sendable, JSONDescribed {
        var name: String
        var workflow: String
        var input: JSON
        var cron: String?
        var timeZone: String?
        var everyMs: Int?
        var missed: String
        var overlap: String

        static let schema = JSONSchema.object([
            .required("name", .identifier), .required("workflow", .identifier),
            .required("input", .any, "as the workflow's schema has it"),
            .optional("cron", .string(1...256), "five fields, or @hourly and the like; with timeZone"),
            .optional("timeZone", .string(1...64), "of the IANA database"),
            .optional("everyMs", .integer(100...3_155_760_000_000), "instead of cron; counted from the creation"),
            .required("missed", .oneOf(Schedule.Missed.allCases.map(\.rawValue)), "moments at which no node was there"),
            .required(
                "overlap", .oneOf(Schedule.Overlap.allCases.map(\.rawValue)), "while a run of the schedule is open"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let name: String
        let nextAt: Timestamp
        static let schema = JSONSchema.object([.required("name", .text), .required("nextAt", .timestamp)])
    }

    static func orderingKey(_ params: Params) -> String? { "schedule:\(params.name)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let wanted = try wanted(params)
        let result = try await context.change("schedule:\(params.name)") { [schedules] transaction in
            let nextAt = try await schedules.put(
                name: params.name, workflow: params.workflow, input: params.input.bytes, cadence: wanted.cadence,
                missed: wanted.missed, overlap: wanted.overlap, in: transaction)
            guard let nextAt else { throw RPCError.invalidParam("cron", "never comes") }
            return Result(name: params.name, nextAt: nextAt)
        }
        schedules.changed()
        return result
    }

    private struct Wanted: Sendable {
        let cadence: @Sendable (Timestamp) -> Cadence
        let missed: Schedule.Missed
        let overlap: Schedule.Overlap
    }

    /// What the parameters ask for, or everything that is wrong with them.
    private func wanted(_ params: Params) throws(RPCError) -> Wanted {
        var fields: [JSONFieldError] = []
        do {
            _ = try RunRequest(workflow: params.workflow, input: params.input).specification(schedules.node)
        } catch {
            guard error.code == .invalidParams else { throw error }
            fields += error.fields
        }
        let cadence = cadence(params, &fields)
        guard fields.isEmpty, let cadence, let missed = Schedule.Missed(rawValue: params.missed),
            let overlap = Schedule.Overlap(rawValue: params.overlap)
        else { throw .invalidParams(fields) }
        return Wanted(cadence: cadence, missed: missed, overlap: overlap)
    }

    private func cadence(
        _ params: Params, _ fields: inout [JSONFieldError]
    ) -> (@Sendable (Timestamp) -> Cadence)? {
        func wrong(_ field: String, _ message: String) { fields.append(JSONFieldError(path: field, message: message)) }
        switch (params.cron, params.everyMs) {
        case (nil, nil):
            wrong("cron", "is required, unless everyMs is given instead of it")
            return nil
        case (_?, _?):
            wrong("everyMs", "cannot be given together with cron")
            return nil
        case (nil, let everyMs?):
            if params.timeZone != nil { wrong("timeZone", "belongs to cron; everyMs needs none") }
            return { now in .every(.milliseconds(everyMs), anchor: now) }
        case (let cron?, nil):
            let expression = checked(&fields) { () throws(ScheduleError) in try CronExpression(cron) }
            guard let timeZone = params.timeZone else {
                wrong("timeZone", "is required with cron")
                return nil
            }
            let zone = checked(&fields) { () throws(ScheduleError) in try ScheduleZone(timeZone) }
            guard let expression, let zone else { return nil }
            return { _ in .cron(expression, zone) }
        }
    }

    private func checked<Value>(
        _ fields: inout [JSONFieldError], _ make: () throws(ScheduleError) -> Value
    ) -> Value? {
        do {
            return try make()
        } catch {
            fields.append(JSONFieldError(path: error.field.rawValue, message: error.message))
            return nil
        }
    }
}
