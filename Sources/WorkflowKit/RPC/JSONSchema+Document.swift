extension JSONSchema {
    /// The schema as JSON Schema writes it (draft 2020-12 and draft 7 read these words alike).
    public var document: JSON {
        switch self {
        case .any: [:]
        case .boolean: ["type": "boolean"]
        case .integer(let range): Self.bounded("integer", range, "minimum", "maximum")
        case .number: ["type": "number"]
        case .string(let lengths): Self.bounded("string", lengths, "minLength", "maxLength")
        case .timestamp: ["type": "string", "format": "date-time"]
        case .uuid: ["type": "string", "format": "uuid"]
        case .oneOf(let words): ["type": "string", "enum": .array(words.map(JSON.string))]
        case .array(let element, let counts): Self.arrayDocument(element, counts)
        case .object(let members): Self.objectDocument(members)
        case .map(let schema): ["type": "object", "additionalProperties": schema.document]
        case .anyOf(let schemas): ["anyOf": .array(schemas.map(\.document))]
        case .nullable(let schema): ["anyOf": [schema.document, ["type": "null"]]]
        }
    }

    private static func arrayDocument(_ element: JSONSchema, _ counts: ClosedRange<Int>) -> JSON {
        guard case .object(var document) = bounded("array", counts, "minItems", "maxItems") else { return [:] }
        document["items"] = element.document
        return .object(document)
    }

    private static func objectDocument(_ members: [Member]) -> JSON {
        var properties = JSONObject()
        for member in members {
            guard case .object(var document) = member.schema.document else { continue }
            if let summary = member.summary { document["description"] = .string(summary) }
            properties[member.name] = .object(document)
        }
        var document: JSONObject = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
        ]
        let required = members.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { document["required"] = .array(required) }
        return .object(document)
    }

    /// Bounds that do not bind are left out; JSON numbers beyond 2^53 are not safe to read either.
    private static func bounded(_ type: String, _ range: ClosedRange<Int>, _ low: String, _ high: String) -> JSON {
        var document: JSONObject = ["type": .string(type)]
        let isCount = type != "integer"
        if range.lowerBound > (isCount ? 0 : .min) { document[low] = .int(range.lowerBound) }
        if range.upperBound < .max { document[high] = .int(range.upperBound) }
        return .object(document)
    }
}
