internal import WorkflowKit

/// What one line from a client says, its parameters not yet looked into.
enum ScannedLine: Equatable, Sendable {
    case single(Envelope)
    case batch([Envelope])
    /// The line is JSON, and one error answers all of it.
    case refused(RPCError)
    /// The line is not JSON.
    case notJSON(JSONError)
}

/// One JSON-RPC message.
enum Envelope: Equatable, Sendable {
    case request(Request)
    /// An answer to a question that the server never asked.
    case response
    case invalid(RequestID, reason: String)

    struct Request: Equatable, Sendable {
        /// Nil for a notification, which is never answered.
        let id: RequestID?
        let method: String
        let params: Params
    }

    enum Params: Equatable, Sendable {
        /// Absent, null or an empty array.
        case none
        /// Where the object stands in the line.
        case named(Range<Int>)
        /// An array with elements, which no method takes.
        case positional
    }
}
