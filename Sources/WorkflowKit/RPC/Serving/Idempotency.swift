/// Names one request that a caller may repeat.
package struct IdempotencyKey: Hashable, Sendable {
    /// ``Principal/qualifiedID``.
    package let principal: String
    package let method: String
    package let key: String

    package init(principal: String, method: String, key: String) {
        self.principal = principal
        self.method = method
        self.key = key
    }
}

/// What was answered under a key.
package struct IdempotencyRecord: Hashable, Sendable {
    /// SHA-256 of the canonical parameters.
    package let fingerprint: [UInt8]
    /// The text of the result.
    package let answer: [UInt8]

    package init(fingerprint: [UInt8], answer: [UInt8]) {
        self.fingerprint = fingerprint
        self.answer = answer
    }
}

/// Keeps answers for 7 days, so that a repeated request is answered and not done again.
package protocol IdempotencyStore: Sendable {
    func record(for key: IdempotencyKey) async throws -> IdempotencyRecord?

    /// Claims the key within `transaction`, waiting for another transaction that is claiming it; false if it is taken.
    func claim(_ key: IdempotencyKey, fingerprint: [UInt8], in transaction: any Transaction) async throws -> Bool

    /// Writes the answer under the key that the same transaction claimed.
    func complete(_ key: IdempotencyKey, answer: [UInt8], in transaction: any Transaction) async throws

    /// Keeps an answer to what was made durable otherwise; the first one stays.
    func keep(_ record: IdempotencyRecord, for key: IdempotencyKey) async throws
}
