import WorkflowEngine
import WorkflowKit

/// Why a run does not progress.
struct RunExplain: RPCMethod {
    static let name = "run.explain"
    static let summary = "Why a run does not progress."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads
    static let errors = ["run.notFound"]

    let node: Node

    typealias Params = RunReference

    struct Result: Codable, Sendable, JSONDescribed {
        let status: RunStatus
        let reason: String
        let detail: String

        static let schema = JSONSchema.object([
            .required("status", .oneOf(RunStatus.allCases.map(\.rawValue))), .required("reason", .text),
            .required("detail", .text),
        ])
    }

    static func ordering(_ params: Params) -> RPCOrdering { .run(params.runId) }

    func call(_ params: RunReference, _ context: RPCContext) async throws -> Result {
        let id = try params.id
        let view = try await told { () throws(Refusal) in try await node.view(id) }
        let inspection = view.status.isEnd ? nil : await node.inspect(id)
        let (reason, detail) = Self.explain(view, inspection)
        return Result(status: view.status, reason: reason, detail: detail)
    }

    private static func explain(_ view: RunView, _ inspection: Inspection?) -> (reason: String, detail: String) {
        switch view.status {
        case .completed, .failed, .cancelled:
            return ("ended", "The run has ended and will not go on.")
        case .paused, .quarantined:
            let parts = (view.reason ?? "requested").split(separator: ":", maxSplits: 1).map(String.init)
            return (parts[0], parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "Somebody must resume it.")
        case .queued:
            return (
                "queued",
                view.queue.map { "It waits for its turn in queue \"\($0)\"." }
                    ?? "It waits for its turn or its start time."
            )
        case .waiting:
            return ("waiting", "It waits for \(inspection?.waitingFor ?? view.reason ?? "something").")
        case .running:
            guard let inspection else { return ("running", "Another node carries it out, or is about to.") }
            return inspection.attempts > 1
                ? ("retrying", "Its step failed before; attempt \(inspection.attempts) is under way or comes next.")
                : ("running", "A step is being carried out.")
        }
    }
}
