/// Any JSON value, kept as it was written: numbers with their spelling, objects with their order.
///
///     let params: JSON = ["serial": "5CG1234ABC", "count": 3]
///     params["serial"]?.stringValue
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// The member `key` of an object; nil when there is none, or when this is no object.
    public subscript(key: String) -> JSON? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    /// The element at `index` of an array; nil when there is none, or when this is no array.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var isNull: Bool { self == .null }

    public var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The whole number that this number equals, however it is spelled (`100`, `100.0`, `1e2`).
    public var intValue: Int? {
        guard case .number(let value) = self else { return nil }
        return value.int64.map { Int($0) }
    }

    /// The nearest `Double`; nil for what is no number or is beyond what a `Double` holds.
    public var doubleValue: Double? {
        guard case .number(let value) = self, value.double.isFinite else { return nil }
        return value.double
    }

    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var arrayValue: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    public var objectValue: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// What kind of value this is, in JSON Schema's words: `object`, `array`, `string`, `number`, `boolean`, `null`.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    public init(floatLiteral value: Double) {
        guard let number = JSONNumber(value) else {
            preconditionFailure("\(value) cannot be written as JSON, which has finite numbers only")
        }
        self = .number(number)
    }

    /// Equal keys in a literal are a programming error.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(uniqueMembers: elements))
    }
}

extension JSON {
    public static func int(_ value: some BinaryInteger) -> JSON { .number(JSONNumber(Int64(value))) }
    /// `null` where there is no value.
    public static func string(orNull value: String?) -> JSON { value.map(JSON.string) ?? .null }
}
