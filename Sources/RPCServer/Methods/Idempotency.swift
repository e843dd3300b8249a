private import Crypto
package import WorkflowKit

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
    /// Of the parameters; see ``IdempotencyRecord/fingerprint(_:)``.
    package let fingerprint: [UInt8]
    /// The text of the result.
    package let answer: [UInt8]

    package init(fingerprint: [UInt8], answer: [UInt8]) {
        self.fingerprint = fingerprint
        self.answer = answer
    }

    /// SHA-256 of the parameters, their members sorted, whole numbers in one spelling, the key itself left out.
    package static func fingerprint(_ params: JSON) -> [UInt8] {
        var object = params.objectValue ?? [:]
        object["idempotencyKey"] = nil
        return Array(SHA256.hash(data: canonical(.object(object)).bytes))
    }

    private static func canonical(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            let sorted = object.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
            return .object(JSONObject(uniqueMembers: sorted.map { ($0.key, canonical($0.value)) }))
        case .array(let elements):
            return .array(elements.map(canonical))
        case .number(let number):
            return number.int64.map { .number(JSONNumber($0)) } ?? json
        default:
            return json
        }
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
