import RPCServer
import Synchronization
import WorkflowKit

/// Tokens in memory.
final class InMemoryPrincipals: PrincipalStore {
    private struct State {
        var tokens: [TokenHash: AuthenticatedToken] = [:]
        var revoked: [String] = []
    }

    private let state = Mutex(State())

    /// A token of that kind, good until `expiresAt`.
    func add(_ kind: PrincipalKind, id: String, expiresAt: Timestamp = .distantFuture) -> String {
        var generator = SystemRandomNumberGenerator()
        let token = Token.random(kind: kind, using: &generator)
        let principal = Principal(kind: kind, id: id, name: "Name of \(id)", partnerID: kind == .partner ? id : nil)
        state.withLock {
            $0.tokens[token.hash] = AuthenticatedToken(
                tokenID: "token-of-\(id)", principal: principal, expiresAt: expiresAt)
        }
        return token.text
    }

    func revoke(id: String) { state.withLock { $0.revoked.append("token-of-\(id)") } }

    func token(hash: TokenHash, at now: Timestamp) async throws -> AuthenticatedToken? {
        state.withLock { state in
            guard let token = state.tokens[hash], token.expiresAt > now, !state.revoked.contains(token.tokenID) else {
                return nil
            }
            return token
        }
    }

    func tokensRevoked(since time: Timestamp) async throws -> [String] { state.withLock { $0.revoked } }
}

/// Answers in memory; a claim is taken back when its transaction fails.
final class InMemoryIdempotency: IdempotencyStore {
    private let records = Mutex<[IdempotencyKey: IdempotencyRecord]>([:])

    func record(for key: IdempotencyKey) async throws -> IdempotencyRecord? {
        records.withLock { $0[key].flatMap { $0.answer.isEmpty ? nil : $0 } }
    }

    func claim(_ key: IdempotencyKey, fingerprint: [UInt8], in transaction: any Transaction) async throws -> Bool {
        let isNew = records.withLock { records in
            guard records[key] == nil else { return false }
            records[key] = IdempotencyRecord(fingerprint: fingerprint, answer: [])
            return true
        }
        if isNew, let transaction = transaction as? InMemoryTransaction {
            transaction.onRollback { self.records.withLock { $0[key] = nil } }
        }
        return isNew
    }

    func complete(_ key: IdempotencyKey, answer: [UInt8], in transaction: any Transaction) async throws {
        records.withLock { records in
            records[key] = records[key].map { IdempotencyRecord(fingerprint: $0.fingerprint, answer: answer) }
        }
    }

    func keep(_ record: IdempotencyRecord, for key: IdempotencyKey) async throws {
        records.withLock { records in
            if records[key] == nil { records[key] = record }
        }
    }
}

/// A transaction that has nothing to do with a database; it knows how to take back what was done.
final class InMemoryTransaction: Transaction {
    private let undos = Mutex<[@Sendable () -> Void]>([])

    func onRollback(_ undo: @escaping @Sendable () -> Void) { undos.withLock { $0.append(undo) } }
    func rollBack() { for undo in undos.withLock({ $0 }).reversed() { undo() } }

    func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow] { [] }
    func execute(_ statement: SQLStatement) async throws(SQLError) -> Int { 0 }
}

struct InMemoryDatabase: RPCDatabase {
    func transaction<Value: Sendable>(
        as principal: Principal?, readOnly: Bool, _ body: @escaping @Sendable (any Transaction) async throws -> Value
    ) async throws -> Value {
        let transaction = InMemoryTransaction()
        do {
            return try await body(transaction)
        } catch {
            transaction.rollBack()
            throw error
        }
    }
}

final class InMemoryAudit: AuditLog {
    private let log = Mutex<[AuditEntry]>([])
    var entries: [AuditEntry] { log.withLock { $0 } }

    func append(_ entry: AuditEntry, in transaction: any Transaction) async throws {
        log.withLock { $0.append(entry) }
    }
}
