private import struct Foundation.UUID

extension JSONSchema {
    /// Everything about `json` that is not as described; empty when it is.
    ///
    /// PostgreSQL can store no U+0000, so text that holds one is wrong whatever the schema.
    public func errors(in json: JSON) -> [JSONFieldError] {
        var errors: [JSONFieldError] = []
        check(json, .root, &errors)
        return errors
    }

    private func check(_ json: JSON, _ path: JSONPath, _ errors: inout [JSONFieldError]) {
        func note(_ message: String) { errors.append(JSONFieldError(path: path.dotted, message: message)) }
        switch self {
        case .any:
            Self.checkText(json, path, &errors)
        case .boolean:
            if json.boolValue == nil { note("must be true or false") }
        case .integer(let range):
            guard let value = json.intValue else { return note("must be a whole number") }
            if !range.contains(value) { note(Self.bounds(range, "must be a whole number", "")) }
        case .number:
            if json.doubleValue == nil { note("must be a number") }
        case .string(let lengths):
            guard let text = json.stringValue else { return note("must be a string") }
            if !lengths.contains(text.unicodeScalars.count) {
                note(Self.bounds(lengths, "must be a string", " characters"))
            }
            Self.checkText(json, path, &errors)
        case .timestamp:
            if json.stringValue.flatMap({ Timestamp(rfc3339: $0) }) == nil {
                note("must be an RFC 3339 time such as 2026-03-01T09:30:00.000Z")
            }
        case .uuid:
            if json.stringValue.flatMap(UUID.init(uuidString:)) == nil { note("must be a UUID") }
        case .oneOf(let words):
            guard let text = json.stringValue, words.contains(text) else {
                let meant = json.stringValue.flatMap { nearestName(to: $0, among: words) }
                return note(
                    "must be one of \(words.joined(separator: ", "))\(meant.map { "; did you mean \"\($0)\"?" } ?? "")")
            }
        case .array(let element, let counts):
            guard let elements = json.arrayValue else { return note("must be an array") }
            if !counts.contains(elements.count) { note(Self.bounds(counts, "must be an array", " elements")) }
            for (index, value) in elements.enumerated() { element.check(value, .element(path, index), &errors) }
        case .object(let members):
            guard let object = json.objectValue else { return note("must be an object") }
            Self.check(object, members, path, &errors)
        case .map(let schema):
            guard let object = json.objectValue else { return note("must be an object") }
            for member in object { schema.check(member.value, .member(path, member.key), &errors) }
        case .anyOf(let schemas):
            Self.check(json, anyOf: schemas, path, &errors)
        case .nullable(let schema):
            if !json.isNull { schema.check(json, path, &errors) }
        }
    }

    private static func check(
        _ object: JSONObject, _ members: [Member], _ path: JSONPath, _ errors: inout [JSONFieldError]
    ) {
        for member in members {
            switch object[member.name] {
            case nil where member.isRequired:
                errors.append(JSONFieldError(path: JSONPath.member(path, member.name).dotted, message: "is required"))
            case nil: break
            case .null? where !member.isRequired: break
            case let value?: member.schema.check(value, .member(path, member.name), &errors)
            }
        }
        for member in object where !members.contains(where: { $0.name == member.key }) {
            let suggestion = nearestName(to: member.key, among: members.map(\.name))
            errors.append(
                JSONFieldError(
                    path: JSONPath.member(path, member.key).dotted,
                    message: JSONFieldError.unknownMember(suggestion: suggestion)))
        }
    }

    /// Reports what is wrong with the alternative that comes nearest: the one with the fewest errors.
    private static func check(
        _ json: JSON, anyOf schemas: [JSONSchema], _ path: JSONPath, _ errors: inout [JSONFieldError]
    ) {
        var fewest: [JSONFieldError]?
        for schema in schemas {
            var found: [JSONFieldError] = []
            schema.check(json, path, &found)
            if found.isEmpty { return }
            // An alternative of another type is no near miss, however few words tell so.
            let isNearer = found.count < fewest?.count ?? .max || (fewest?.first?.path == path.dotted)
            if isNearer, found.first?.path != path.dotted || fewest == nil { fewest = found }
        }
        errors += fewest ?? []
    }

    private static func checkText(_ json: JSON, _ path: JSONPath, _ errors: inout [JSONFieldError]) {
        switch json {
        case .string(let text) where text.utf8.contains(0):
            errors.append(JSONFieldError(path: path.dotted, message: "must not contain U+0000"))
        case .array(let elements):
            for (index, value) in elements.enumerated() { checkText(value, .element(path, index), &errors) }
        case .object(let object):
            for member in object {
                if member.key.utf8.contains(0) {
                    errors.append(JSONFieldError(path: path.dotted, message: "must not have a key with U+0000"))
                }
                checkText(member.value, .member(path, member.key), &errors)
            }
        default: break
        }
    }

    private static func bounds(_ range: ClosedRange<Int>, _ what: String, _ unit: String) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (let low, Int.max): "\(what) of at least \(low)\(unit)"
        case (Int.min, let high): "\(what) of at most \(high)\(unit)"
        case (0, let high) where !unit.isEmpty: "\(what) of at most \(high)\(unit)"
        case (let low, let high): "\(what) of \(low) to \(high)\(unit)"
        }
    }
}
