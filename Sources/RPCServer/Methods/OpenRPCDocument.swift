internal import WorkflowKit

/// Writes the OpenRPC 1.3 description of methods.
enum OpenRPCDocument {
    static func document(of methods: [AnyRPCMethod], version: String) -> JSON {
        [
            "openrpc": "1.3.2",
            "info": ["title": "Holdfast", "version": .string(version)],
            "methods": .array(methods.map(method)),
            "components": ["errors": .object(commonErrors), "schemas": ["errorData": errorData]],
        ]
    }

    private static func method(_ method: AnyRPCMethod) -> JSON {
        let params: [JSON] = method.params.members.map { member in
            var param: JSONObject = ["name": .string(member.name), "required": .bool(member.isRequired)]
            if let summary = member.summary { param["summary"] = .string(summary) }
            param["schema"] = member.schema.document
            return .object(param)
        }
        return [
            "name": .string(method.name), "summary": .string(method.summary), "paramStructure": "by-name",
            "params": .array(params),
            "result": ["name": "result", "schema": result(method)],
            "errors": .array(errors(method)),
            "x-callers": callers(method.access),
            "x-changes": .bool(method.effect == .changes),
        ]
    }

    private static func result(_ method: AnyRPCMethod) -> JSON {
        guard method.effect == .changes, !method.result.members.isEmpty else { return method.result.document }
        return method.result.adding([
            .optional("replayed", .boolean, "the answer to an earlier request of the same key")
        ])
        .document
    }

    private static func callers(_ access: RPCAccess) -> JSON {
        switch access {
        case .anyone: "anyone"
        case .anySession: "any-session"
        case .kinds(let kinds): .array(kinds.map(\.rawValue).sorted().map(JSON.string))
        }
    }

    private static func errors(_ method: AnyRPCMethod) -> [JSON] {
        var names = ["invalidParams", "rateLimited", "unavailable", "internal"]
        if method.access != .anyone { names += ["unauthenticated", "forbidden"] }
        if method.effect == .changes { names += ["outcomeUnknown", "idempotencyMismatch"] }
        let common = names.map { JSON.object(["$ref": .string("#/components/errors/\($0)")]) }
        return common + method.errors.map { error(code(of: $0), $0, $0) }
    }

    /// The code of an error by the last word of its type, as the protocol's table has them.
    private static func code(of type: String) -> RPCError.Code {
        switch type.split(separator: ".").last {
        case "notFound": .notFound
        case "precondition": .precondition
        case "failed": .unauthenticated
        case "tooLarge": .tooLarge
        case "exceeded": .deadlineExceeded
        default: .conflict
        }
    }

    private static let commonErrors: JSONObject = [
        "invalidParams": error(.invalidParams, "params.invalid", "A parameter is wrong, missing or unknown."),
        "internal": error(.internalError, "internal", "The server failed on the request."),
        "unauthenticated": error(.unauthenticated, "auth.required", "The method needs a session."),
        "forbidden": error(.forbidden, "auth.forbidden", "The caller's kind may not call the method."),
        "rateLimited": error(.rateLimited, "rate.limited", "Too many requests."),
        "unavailable": error(.unavailable, "unavailable", "The database is away or the node drains."),
        "outcomeUnknown": error(.outcomeUnknown, "outcome.unknown", "The change may have been applied."),
        "idempotencyMismatch": error(
            .conflict, "idempotency.mismatch", "The idempotency key was used with other parameters."),
    ]

    private static func error(_ code: RPCError.Code, _ type: String, _ message: String) -> JSON {
        ["code": .int(code.rawValue), "message": .string(message), "data": ["type": .string(type)]]
    }

    /// The shape of `data` in every error.
    private static let errorData = JSONSchema.object([
        .required("type", .text), .required("retryable", .boolean), .required("applied", .oneOf(["no", "unknown"])),
        .optional("retryAfterMs", .milliseconds), .optional("detail", .any),
        .optional("fields", .array(of: .object([.required("path", .text), .required("message", .text)]))),
        .required("requestId", .text),
    ]).document
}
