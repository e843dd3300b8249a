private import Crypto
package import WorkflowKit

extension IdempotencyRecord {
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
