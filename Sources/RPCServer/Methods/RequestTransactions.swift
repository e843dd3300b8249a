private import Synchronization
internal import WorkflowKit

/// The way of one request to the database: as its caller, with its idempotency key and its audit entry.
final class RequestTransactions: RPCTransactions {
    /// Another request of the same key was committed in the meantime.
    struct AlreadyDone: Error {}

    struct Claim: Sendable {
        let key: IdempotencyKey
        let fingerprint: [UInt8]
    }

    private let caller: Principal?
    private let method: String
    private let requestID: String
    private let now: Timestamp
    private let claim: Claim?
    private let services: RPCServices
    private let didCommitAnswer = Mutex(false)

    init(
        caller: Principal?, method: String, requestID: String, now: Timestamp, claim: Claim?, services: RPCServices
    ) {
        self.caller = caller
        self.method = method
        self.requestID = requestID
        self.now = now
        self.claim = claim
        self.services = services
    }

    /// Whether the answer is kept already, in the transaction of the change.
    var hasKeptAnswer: Bool { didCommitAnswer.withLock { $0 } }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(as: caller, readOnly: true, body)
    }

    func change<Value: Encodable & Sendable>(
        _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        let entry = entry(entity)
        let value = try await database.transaction(as: caller, readOnly: false) { [claim, services] transaction in
            if let claim, let store = services.idempotency {
                // First, so that a repetition waits here and does not run into what the first one has written.
                guard try await store.claim(claim.key, fingerprint: claim.fingerprint, in: transaction) else {
                    throw AlreadyDone()
                }
            }
            let value = try await body(transaction)
            if let claim, let store = services.idempotency {
                try await store.complete(claim.key, answer: JSONCoding.encodeForClients(value).bytes, in: transaction)
            }
            try await services.audit?.append(entry, in: transaction)
            return value
        }
        didCommitAnswer.withLock { $0 = true }
        return value
    }

    func auditEntry(_ entity: String) -> AuditEntry? { services.audit == nil ? nil : entry(entity) }

    private func entry(_ entity: String) -> AuditEntry {
        AuditEntry(
            at: now, principal: caller?.qualifiedID ?? "anonymous", method: method, entity: entity,
            requestID: requestID)
    }

    private var database: any RPCDatabase {
        get throws(RPCError) {
            guard let database = services.database else {
                throw .unavailable("This server has no database; nothing was applied.")
            }
            return database
        }
    }
}

/// For methods that wait for nothing, and so for no database either.
struct NoTransactions: RPCTransactions {
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        throw RPCError.unavailable("This method has no database; nothing was applied.")
    }

    func change<Value: Encodable & Sendable>(
        _ entity: String, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        throw RPCError.unavailable("This method has no database; nothing was applied.")
    }
}
