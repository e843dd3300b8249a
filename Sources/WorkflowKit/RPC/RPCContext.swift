/// What a method knows about its request besides the parameters.
public struct RPCContext: Sendable {
    /// Nil only for methods that need no session.
    public let caller: Principal?
    /// Names the request in the answer, the log and the audit log.
    public let requestID: String
    /// The key under which the caller may repeat the request.
    public let idempotencyKey: String?
    /// When the request was read.
    public let now: Timestamp
    /// Most bytes that the result may have on the wire. A list shortens its page to fit; see ``Page``.
    public let resultBytesMax: Int
    private let transactions: any RPCTransactions
    /// Where the request came from, for the server's own methods.
    package let connection: (any RPCConnection)?

    package init(
        caller: Principal?, requestID: String, idempotencyKey: String?, now: Timestamp,
        resultBytesMax: Int, transactions: any RPCTransactions, connection: (any RPCConnection)? = nil
    ) {
        self.caller = caller
        self.requestID = requestID
        self.idempotencyKey = idempotencyKey
        self.now = now
        self.resultBytesMax = resultBytesMax
        self.transactions = transactions
        self.connection = connection
    }

    /// The caller, in methods that need a session.
    public var principal: Principal {
        get throws(RPCError) {
            guard let caller else { throw .authenticationRequired }
            return caller
        }
    }

    /// Reads in a transaction that sees only what the caller may see.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        try await transactions.read(body)
    }

    /// Changes things in one transaction that sees only what the caller may see, together with the audit entry and
    /// the answer kept for the idempotency key: all are there or none.
    ///
    /// The value must be the method's result, because it is what a repetition of the request gets. `body` may run
    /// again when another transaction won, so it does nothing but through the transaction.
    /// - Parameter entity: What is changed, for the audit log: `partner:P-1001`.
    public func change<Value: Encodable & Sendable>(
        _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        try await transactions.change(entity, body)
    }

    /// The entry of the audit log for a change that the engine commits, and with it the entry.
    package func auditEntry(_ entity: String) -> AuditEntry? { transactions.auditEntry(entity) }
}

/// How a request reaches the database. The server supplies it.
package protocol RPCTransactions: Sendable {
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value

    func change<Value: Encodable & Sendable>(
        _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value

    /// Nil for a server without an audit log.
    func auditEntry(_ entity: String) -> AuditEntry?
}

extension RPCTransactions {
    package func auditEntry(_ entity: String) -> AuditEntry? { nil }
}

/// A client's connection, which only the server looks into.
package protocol RPCConnection: AnyObject, Sendable {}
