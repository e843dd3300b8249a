/// One method that clients call, with the types of what goes in and comes out.
///
/// The server decodes and checks the parameters, authorises the caller and answers; the method does the work. A plugin
/// puts each in a file of its own:
///
///     struct DeviceGet: RPCMethod {
///         static let name = "device.get"
///         static let summary = "One PC."
///         static let access = RPCAccess.kinds([.partner, .admin])
///         static let effect = RPCEffect.reads
///
///         struct Params: Codable, Sendable, JSONDescribed {
///             var serial: String
///             static let schema = JSONSchema.object([.required("serial", .identifier)])
///         }
///         …
///         func call(_ params: Params, _ context: RPCContext) async throws -> Device { … }
///     }
public protocol RPCMethod: Sendable {
    associatedtype Params: Decodable & Sendable & JSONDescribed
    /// Always written as an object.
    associatedtype Result: Encodable & Sendable & JSONDescribed

    /// Two words joined by a dot, the entity first.
    static var name: String { get }
    /// One sentence for the discovery document.
    static var summary: String { get }
    static var access: RPCAccess { get }
    static var effect: RPCEffect { get }
    /// The types of the errors that are this method's own, for example `device.notFound`.
    static var errors: [String] { get }

    /// What the request touches, for example `device:5CG1234ABC`: requests of one connection with the same key take
    /// effect in the order in which they were sent. Nil when the parameters do not tell.
    static func orderingKey(_ params: Params) -> String?

    /// The same with more to choose from; by default what ``orderingKey(_:)`` tells, and else everything.
    static func ordering(_ params: Params) -> RPCOrdering

    /// Does the work.
    ///
    /// - Throws: ``RPCError`` to tell the caller; ``SQLError`` is told by its kind; anything else is told as a defect
    ///   and logged.
    func call(_ params: Params, _ context: RPCContext) async throws -> Result
}

extension RPCMethod {
    public static var errors: [String] { [] }
    public static func orderingKey(_ params: Params) -> String? { nil }
    public static func ordering(_ params: Params) -> RPCOrdering {
        orderingKey(params).map(RPCOrdering.init(key:)) ?? .everything
    }
}

/// A method that waits for nothing, not even for the database.
package protocol ImmediateRPCMethod: RPCMethod {
    func answer(_ params: Params, _ context: RPCContext) throws -> Result

    /// The answer as it is sent; by default ``answer(_:_:)`` encoded.
    func text(_ params: Params, _ context: RPCContext) throws -> [UInt8]
}

extension ImmediateRPCMethod {
    package func call(_ params: Params, _ context: RPCContext) async throws -> Result { try answer(params, context) }

    package func text(_ params: Params, _ context: RPCContext) throws -> [UInt8] {
        try JSONCoding.encodeForClients(try answer(params, context)).bytes
    }
}

/// Who may call a method.
public enum RPCAccess: Hashable, Sendable {
    /// Also without a session.
    case anyone
    /// Whoever has a session.
    case anySession
    case kinds(Set<PrincipalKind>)

    /// Whether a caller of that kind may call; nil stands for a caller without a session.
    public func admits(_ kind: PrincipalKind?) -> Bool {
        switch (self, kind) {
        case (.anyone, _), (.anySession, _?): true
        case (.anySession, nil), (.kinds, nil): false
        case (.kinds(let kinds), let kind?): kinds.contains(kind)
        }
    }
}

/// Whether a method changes anything.
public enum RPCEffect: Hashable, Sendable {
    case reads
    /// It takes an `idempotencyKey` beside its own parameters and is written to the audit log.
    case changes
}

/// Parameters of a method that has none.
public struct NoParams: Codable, Hashable, Sendable, JSONDescribed {
    public init() {}
    public static let schema = JSONSchema.empty
}
