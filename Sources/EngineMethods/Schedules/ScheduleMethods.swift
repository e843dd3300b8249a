import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

/// The methods with which administrators see and steer schedules.
package enum ScheduleMethods {
    package static func all(_ schedules: ScheduleRunner) -> [AnyRPCMethod] {
        [
            AnyRPCMethod(SchedulePut(schedules: schedules)), AnyRPCMethod(ScheduleList(schedules: schedules)),
            AnyRPCMethod(ScheduleRemove(schedules: schedules)), AnyRPCMethod(ScheduleTrigger(schedules: schedules)),
        ]
    }
}

/// Names one schedule in parameters.
struct ScheduleReference: Codable, Sendable, JSONDescribed {
    var name: String
    static let schema = JSONSchema.object([.required("name", .identifier)])
}

/// Removes a schedule. Runs that it started go on.
struct ScheduleRemove: RPCMethod {
    static let name = "schedule.remove"
    static let summary = "Removes a schedule; runs that it started go on."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["schedule.notFound"]

    let schedules: ScheduleRunner

    typealias Params = ScheduleReference

    struct Result: Codable, Sendable, JSONDescribed {
        let name: String
        let removed: Bool
        static let schema = JSONSchema.object([.required("name", .text), .required("removed", .boolean)])
    }

    static func orderingKey(_ params: Params) -> String? { "schedule:\(params.name)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let result = try await context.change("schedule:\(params.name)") { [schedules] transaction in
            guard try await schedules.store.remove(params.name, in: transaction) else {
                throw RPCError.notFound("schedule")
            }
            return Result(name: params.name, removed: true)
        }
        schedules.changed()
        return result
    }
}

/// Starts a run of a schedule outside its times.
struct ScheduleTrigger: RPCMethod {
    static let name = "schedule.trigger"
    static let summary = "Starts a run of a schedule now; when it falls due next stays as it is."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["schedule.notFound", "schedule.conflict"]

    let schedules: ScheduleRunner

    typealias Params = ScheduleReference

    static func orderingKey(_ params: Params) -> String? { "schedule:\(params.name)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> RunStarted {
        let started = try await context.change("schedule:\(params.name)") { [schedules] transaction in
            do {
                guard let started = try await schedules.trigger(params.name, in: transaction) else {
                    throw RPCError.notFound("schedule")
                }
                return RunStarted(started)
            } catch let refusal as Refusal {
                throw RPCError(refusal)
            } catch let failure as ScheduleFailure {
                throw RPCError.conflict("schedule", "It cannot be carried out: \(failure.description).")
            }
        }
        schedules.changed()
        return started
    }
}
