private import Synchronization
internal import WorkflowKit

/// Tells that the server is there, and what time it has.
struct SystemPing: ImmediateRPCMethod {
    static let name = "system.ping"
    static let summary = "Tells that the server is there, and what time it has."
    static let access = RPCAccess.anyone
    static let effect = RPCEffect.reads

    typealias Params = NoParams

    struct Result: Codable, Sendable, JSONDescribed {
        let pong: Bool
        let now: Timestamp
        static let schema = JSONSchema.object([.required("pong", .boolean), .required("now", .timestamp)])
    }

    private let last = LastPong()

    func answer(_ params: NoParams, _ context: RPCContext) -> Result { Result(pong: true, now: context.now) }

    func text(_ params: NoParams, _ context: RPCContext) throws -> [UInt8] {
        try last.text(at: context.now) { try JSONCoding.encodeForClients(answer(params, context)).bytes }
    }
}

/// The last answer, for the requests that were read together with the one that it was made for: all have one time.
///
/// Monitors and load balancers call nothing else, and writing the time is the larger part of such a request.
private final class LastPong: Sendable {
    private let last = Mutex<(now: Timestamp, text: [UInt8])?>(nil)

    func text(at now: Timestamp, make: () throws -> [UInt8]) throws -> [UInt8] {
        try last.withLock { last in
            if let last, last.now == now { return last.text }
            let text = try make()
            last = (now, text)
            return text
        }
    }
}
