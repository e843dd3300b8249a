/// A method whose types are behind closures, as the server keeps them.
public struct AnyRPCMethod: Sendable {
    public let name: String
    public let summary: String
    public let access: RPCAccess
    public let effect: RPCEffect
    public let errors: [String]
    /// Of the parameters, `idempotencyKey` of a changing method included.
    public let params: JSONSchema
    public let result: JSONSchema

    /// A request whose parameters are as they must be.
    package struct Prepared: Sendable {
        package let idempotencyKey: String?
        package let ordering: RPCOrdering
        package let call: @Sendable (RPCContext) async throws -> JSON
        /// The same for a method that waits for nothing, as text: it is answered where the request was read.
        package let answerNow: (@Sendable (RPCContext) throws -> [UInt8])?
    }

    private let makePrepared: @Sendable (JSON, String?) throws -> Prepared
    /// What ``prepare(_:)`` gives for no parameters at all, made once; nil if some are needed.
    package private(set) var preparedWithoutParams: Prepared?

    public init<Method: RPCMethod>(_ method: Method) {
        self.init(method) { _ in nil }
    }

    package init<Method: ImmediateRPCMethod>(_ method: Method) {
        self.init(method) { params in
            { context in try method.text(params, context) }
        }
    }

    private init<Method: RPCMethod>(
        _ method: Method,
        answerNow: @escaping @Sendable (Method.Params) -> (@Sendable (RPCContext) throws -> [UInt8])?
    ) {
        name = Method.name
        summary = Method.summary
        access = Method.access
        effect = Method.effect
        errors = Method.errors
        params = Method.effect == .changes ? Method.Params.schema.adding([Self.idempotencyKey]) : Method.Params.schema
        result = Method.Result.schema
        makePrepared = { json, idempotencyKey in
            let params = try JSONCoding.decode(Method.Params.self, from: json)
            return Prepared(
                idempotencyKey: idempotencyKey, ordering: Method.ordering(params),
                call: { context in try JSONCoding.encodeForClients(try await method.call(params, context)) },
                answerNow: answerNow(params))
        }
        preparedWithoutParams = try? prepare([:])
    }

    private static let idempotencyKey = JSONSchema.Member.optional(
        "idempotencyKey", .string(1...128), "repeating the request with the same key returns the first answer")

    /// Checks the parameters against the schema, all of them at once, and decodes them.
    package func prepare(_ params: JSON) throws(RPCError) -> Prepared {
        let errors = self.params.errors(in: params)
        guard errors.isEmpty else { throw .invalidParams(errors) }
        guard case .object(var object) = params else { throw .invalidParam("", "must be an object") }
        var key: String?
        if effect == .changes {
            key = object["idempotencyKey"]?.stringValue
            object["idempotencyKey"] = nil
        }
        do {
            return try makePrepared(.object(object), key)
        } catch let error as JSONFieldErrors {
            throw .invalidParams(error.fields)
        } catch {
            throw .internalError
        }
    }
}
