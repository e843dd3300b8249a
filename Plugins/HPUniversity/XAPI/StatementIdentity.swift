internal import Crypto
internal import Foundation
internal import WorkflowKit

/// Decides whether a statement or a signed message was seen before.
package enum StatementIdentity {
    package enum Verdict: Hashable, Sendable {
        case new
        /// The same again: success, without effect.
        case replay
        /// The same identifier with other content: refused, and the first one stays.
        case conflict
    }

    /// - Parameter earlier: the fingerprint that was stored under the same identifier.
    package static func judge(fingerprint: [UInt8], earlier: [UInt8]?) -> Verdict {
        earlier.map { $0 == fingerprint ? .replay : .conflict } ?? .new
    }

    /// SHA-256 of what a statement says. The order of members, the spelling of whole numbers, and what a learning
    /// record store adds by itself (`stored`, `authority`, `version`) do not change it.
    package static func fingerprint(of statement: XAPIStatement) -> [UInt8] {
        var object = statement.json.objectValue ?? JSONObject()
        for key in ["stored", "authority", "version"] { object[key] = nil }
        return Array(SHA256.hash(data: Data(canonical(.object(object)).bytes)))
    }

    /// SHA-256 of the exact bytes of a signed message.
    package static func fingerprint(ofBody body: String) -> [UInt8] {
        Array(SHA256.hash(data: Data(body.utf8)))
    }

    private static func canonical(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            return .object(
                JSONObject(
                    uniqueMembers: object.members.sorted { $0.key < $1.key }.map { ($0.key, canonical($0.value)) }))
        case .array(let elements):
            return .array(elements.map(canonical))
        case .number(let number):
            return .number(number.int64.map { JSONNumber($0) } ?? number)
        case .null, .bool, .string:
            return json
        }
    }
}
