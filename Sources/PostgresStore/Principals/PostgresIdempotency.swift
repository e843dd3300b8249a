package import Postgres
import WorkflowEngine
package import WorkflowKit

/// The answers kept for idempotency keys, in the database.
package struct PostgresIdempotency: IdempotencyStore {
    private let pool: PostgresPool
    private let clock: @Sendable () -> Timestamp

    package init(pool: PostgresPool, clock: @escaping @Sendable () -> Timestamp) {
        self.pool = pool
        self.clock = clock
    }

    package func record(for key: IdempotencyKey) async throws -> IdempotencyRecord? {
        let statement = Self.statement(
            EmbeddedSQL.answerOfKey, "AnswerOfKey", key, [.timestamp(clock() - Retention.keepAnswers)])
        guard let row = try await pool.query(statement).first else { return nil }
        return IdempotencyRecord(fingerprint: try row.bytes("fingerprint"), answer: try row.bytes("answer"))
    }

    package func claim(
        _ key: IdempotencyKey, fingerprint: [UInt8], in transaction: any Transaction
    ) async throws -> Bool {
        let now = clock()
        let statement = Self.statement(
            EmbeddedSQL.claimKey, "ClaimKey", key,
            [.bytes(fingerprint), .timestamp(now), .timestamp(now - Retention.keepAnswers)])
        return try await !transaction.query(statement).isEmpty
    }

    package func complete(
        _ key: IdempotencyKey, answer: [UInt8], in transaction: any Transaction
    ) async throws {
        try await transaction.execute(Self.statement(EmbeddedSQL.completeKey, "CompleteKey", key, [.bytes(answer)]))
    }

    package func keep(_ record: IdempotencyRecord, for key: IdempotencyKey) async throws {
        let now = clock()
        let statement = Self.statement(
            EmbeddedSQL.keepAnswer, "KeepAnswer", key,
            [
                .bytes(record.fingerprint), .bytes(record.answer), .timestamp(now),
                .timestamp(now - Retention.keepAnswers),
            ])
        _ = try await pool.execute(statement)
    }

    private static func statement(
        _ text: String, _ name: String, _ key: IdempotencyKey, _ more: [SQLValue]
    ) -> SQLStatement {
        SQLStatement(
            uncheckedText: text, name: name,
            parameters: [.text(key.principal), .text(key.method), .text(key.key)] + more)
    }
}
