import WorkflowKit

/// The simple values of the data model.
extension XAPICheck {
    /// The members of an object. Notes what is missing, null or unknown; `optional` nil allows any other key.
    mutating func object(
        _ json: JSON, _ path: JSONPath, required: [String], optional: [String]?
    ) -> JSONObject? {
        guard case .object(let object) = json else {
            if !json.isNull { note(path, "must be an object") }
            return nil
        }
        for key in required where object[key] == nil { note(.member(path, key), "is missing") }
        for member in object {
            if member.value.isNull { note(.member(path, member.key), "must not be null") }
            guard let optional, !required.contains(member.key), !optional.contains(member.key) else { continue }
            let known = (required + optional).first { $0.lowercased() == member.key.lowercased() }
            note(.member(path, member.key), known.map { "is not known; did you mean \($0)?" } ?? "is not known")
        }
        return object
    }

    /// Checks a member that is there. Null was noted with its object.
    mutating func check(
        _ object: JSONObject, _ key: String, _ path: JSONPath, _ body: (inout XAPICheck, JSON, JSONPath) -> Void
    ) {
        guard let value = object[key], !value.isNull else { return }
        body(&self, value, .member(path, key))
    }

    mutating func list(_ json: JSON, _ path: JSONPath, _ body: (inout XAPICheck, JSON, JSONPath) -> Void) {
        guard let elements = json.arrayValue else {
            note(path, "must be an array")
            return
        }
        for (index, element) in elements.enumerated() { body(&self, element, .element(path, index)) }
    }

    mutating func string(_ json: JSON, _ path: JSONPath) -> String? {
        guard let text = json.stringValue else {
            if !json.isNull { note(path, "must be a string") }
            return nil
        }
        return text
    }

    mutating func uuid(_ json: JSON, _ path: JSONPath) {
        guard let text = string(json, path) else { return }
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        let isUUID = groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
        if !isUUID || !text.utf8.allSatisfy({ $0 < 0x80 }) { note(path, "must be a UUID") }
    }

    /// An IRI with a scheme.
    mutating func iri(_ json: JSON, _ path: JSONPath) {
        guard let text = string(json, path) else { return }
        if !Self.isIRI(text) { note(path, "must be an IRI with a scheme, such as https://…") }
    }

    static func isIRI(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":") else { return false }
        let scheme = text[..<colon]
        guard let first = scheme.first, first.isASCII, first.isLetter,
            scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else { return false }
        let rest = text[text.index(after: colon)...]
        let forbidden: Set<Unicode.Scalar> = ["<", ">", "\"", "{", "}", "|", "\\", "^", "`"]
        return !rest.isEmpty
            && !text.unicodeScalars.contains { $0.properties.isWhitespace || forbidden.contains($0) }
    }

    mutating func languageMap(_ json: JSON, _ path: JSONPath) {
        guard let map = object(json, path, required: [], optional: nil) else { return }
        for member in map where !member.value.isNull {
            if !Self.isLanguage(member.key) {
                note(.member(path, member.key), "is no language tag, such as it-IT")
            }
            if member.value.stringValue == nil { note(.member(path, member.key), "must be a string") }
        }
    }

    /// The shape of RFC 5646: letters first, then letters and digits in groups of one to eight.
    static func isLanguage(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = groups.first, (1...8).contains(first.utf8.count),
            first.allSatisfy({ $0.isASCII && $0.isLetter })
        else { return false }
        return groups.dropFirst().allSatisfy {
            (1...8).contains($0.utf8.count) && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        }
    }

    /// Keys are IRIs; values are anything, null included.
    mutating func extensions(_ json: JSON, _ path: JSONPath) {
        guard case .object(let object) = json else {
            if !json.isNull { note(path, "must be an object") }
            return
        }
        for member in object where !Self.isIRI(member.key) {
            note(.member(path, member.key), "the key must be an IRI with a scheme")
        }
    }

    mutating func timestamp(_ json: JSON, _ path: JSONPath) {
        guard let text = string(json, path) else { return }
        if Self.time(text) == nil { note(path, "must be a time such as 2026-03-05T09:12:40Z") }
    }

    /// A time without an offset is in UTC; an offset of minus zero is not allowed (xAPI 1.0.3, part two, 4.4).
    static func time(_ text: String) -> Timestamp? {
        if text.hasSuffix("-00:00") || text.hasSuffix("-0000") || text.hasSuffix("-00") { return nil }
        return Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z")
    }

    /// `P1DT2H30M5.5S`, or weeks alone: `P2W`.
    static func isDuration(_ text: String) -> Bool {
        guard text.hasPrefix("P"), text.utf8.count > 1 else { return false }
        var allowed = Array("YMWD")
        var digits = 0
        var parts = 0
        var isTime = false
        for character in text.dropFirst() {
            if character.isASCII, character.isNumber || character == "." || character == "," {
                digits += 1
            } else if character == "T", !isTime, digits == 0 {
                isTime = true
                allowed = Array("HMS")
                parts = 0
            } else if let place = allowed.firstIndex(of: character), digits > 0 {
                allowed.removeFirst(place + 1)
                digits = 0
                parts += 1
            } else {
                return false
            }
        }
        return digits == 0 && parts > 0
    }
}

/// Verbs that the rules know, by their IRIs.
enum XAPIVerb {
    static let completed = "http://adlnet.gov/expapi/verbs/completed"
    static let passed = "http://adlnet.gov/expapi/verbs/passed"
    static let satisfied = "https://w3id.org/xapi/adl/verbs/satisfied"
    static let waived = "https://w3id.org/xapi/adl/verbs/waived"
    static let voided = "http://adlnet.gov/expapi/verbs/voided"
}
