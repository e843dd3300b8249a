/// An error that a caller is told.
///
/// The code alone says what to do: every one means that nothing was applied, except ``Code/outcomeUnknown``.
public struct RPCError: Error, Hashable, Sendable {
    public enum Code: Int, CaseIterable, Sendable {
        case notJSON = -32700
        case invalidRequest = -32600
        case unknownMethod = -32601
        case invalidParams = -32602
        case internalError = -32603
        case unauthenticated = -32001
        case forbidden = -32002
        case notFound = -32003
        case conflict = -32004
        case rateLimited = -32005
        case unavailable = -32006
        case deadlineExceeded = -32007
        case precondition = -32008
        case tooLarge = -32009
        case outcomeUnknown = -32010
    }

    public let code: Code
    /// A stable dotted name, for example `device.notFound`.
    public let type: String
    /// One sentence for a person.
    public let message: String
    /// More for a machine, of a shape that belongs to ``type``.
    public var detail: JSON?
    /// Each parameter that is wrong.
    public var fields: [JSONFieldError]
    /// How long to wait before the request is made again.
    public var retryAfter: Duration?

    public init(
        _ code: Code, type: String, _ message: String, detail: JSON? = nil, fields: [JSONFieldError] = [],
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.type = type
        self.message = message
        self.detail = detail
        self.fields = fields
        self.retryAfter = retryAfter
    }

    /// Whether the same request may be made again without changing anything.
    public var isRetryable: Bool {
        switch code {
        case .rateLimited, .unavailable, .deadlineExceeded, .outcomeUnknown: true
        default: false
        }
    }
}

extension RPCError {
    /// There is no such entity, or it belongs to somebody else: the answer is the same to the byte, so the message
    /// does not repeat what was asked for.
    public static func notFound(_ entity: String) -> RPCError {
        RPCError(.notFound, type: "\(entity).notFound", "There is no such \(entity).")
    }

    /// The state contradicts the request.
    public static func conflict(_ entity: String, _ message: String, detail: JSON? = nil) -> RPCError {
        RPCError(.conflict, type: "\(entity).conflict", message, detail: detail)
    }

    /// Something else has to happen first.
    public static func precondition(_ entity: String, _ message: String, detail: JSON? = nil) -> RPCError {
        RPCError(.precondition, type: "\(entity).precondition", message, detail: detail)
    }

    public static func invalidParams(_ fields: [JSONFieldError]) -> RPCError {
        let text = fields.isEmpty ? "the parameters are wrong" : JSONFieldErrors(fields).description
        return RPCError(
            .invalidParams, type: "params.invalid", text.hasSuffix("?") ? text : text + ".", fields: fields)
    }

    public static func invalidParam(_ path: String, _ message: String) -> RPCError {
        invalidParams([JSONFieldError(path: path, message: message)])
    }

    public static func forbidden(_ message: String) -> RPCError {
        RPCError(.forbidden, type: "auth.forbidden", message)
    }

    public static let authenticationRequired = RPCError(
        .unauthenticated, type: "auth.required", "This method needs a session: call session.open with a token first.")

    /// A credential within the parameters is wrong, for example a cPIN. Unlike a wrong token it leaves the connection
    /// open.
    public static func authenticationFailed(_ message: String) -> RPCError {
        RPCError(.unauthenticated, type: "auth.failed", message)
    }

    public static func deadlineExceeded(_ message: String) -> RPCError {
        RPCError(.deadlineExceeded, type: "deadline.exceeded", message)
    }

    public static func rateLimited(retryAfter: Duration) -> RPCError {
        RPCError(
            .rateLimited, type: "rate.limited", "Too many requests; wait before the next one.", retryAfter: retryAfter)
    }

    public static func unavailable(_ message: String) -> RPCError {
        RPCError(.unavailable, type: "unavailable", message)
    }

    /// A defect of the server. What happened stands in the log under the request's id and not in the answer.
    public static let internalError = RPCError(
        .internalError, type: "internal", "The server failed on this request; its log has the request id.")

    /// What a caller is told about a failure of the database; nil for a defect.
    public init?(_ error: SQLError) {
        switch error.kind {
        case .conflict, .unavailable, .cancelled:
            self = .unavailable("The database cannot be reached or is busy; nothing was applied.")
        case .outcomeUnknown:
            self.init(
                .outcomeUnknown, type: "outcome.unknown",
                "The connection to the database was lost while committing; repeat with the same idempotency key.")
        case .rejected, .notPermitted, .defect:
            return nil
        }
    }
}
