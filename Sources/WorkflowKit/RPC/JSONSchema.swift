/// The shape that a JSON value must have: it checks values and describes itself as JSON Schema.
///
///     static let schema = JSONSchema.object([
///         .required("serial", .string(1...40), "the PC's serial number"),
///         .optional("note", .string(0...500)),
///     ])
public indirect enum JSONSchema: Hashable, Sendable {
    /// Any value.
    case any
    case boolean
    case integer(ClosedRange<Int>)
    case number
    /// Text of so many characters.
    case string(ClosedRange<Int>)
    /// RFC 3339.
    case timestamp
    case uuid
    /// One of these texts.
    case oneOf([String])
    case array(of: JSONSchema, count: ClosedRange<Int>)
    /// An object with these members and no others.
    case object([Member])
    /// An object with any keys, whose values are alike.
    case map(of: JSONSchema)
    /// Any one of these.
    case anyOf([JSONSchema])
    /// The same, or null.
    case nullable(JSONSchema)

    public struct Member: Hashable, Sendable {
        public let name: String
        public let schema: JSONSchema
        public let isRequired: Bool
        /// A few words for whoever reads the discovery document.
        public let summary: String?

        public static func required(_ name: String, _ schema: JSONSchema, _ summary: String? = nil) -> Member {
            Member(name: name, schema: schema, isRequired: true, summary: summary)
        }

        /// A member that may be absent or, for clients that write all members, null.
        public static func optional(_ name: String, _ schema: JSONSchema, _ summary: String? = nil) -> Member {
            Member(name: name, schema: schema, isRequired: false, summary: summary)
        }
    }

    /// Text of at most 4,096 characters.
    public static let text = JSONSchema.string(0...4_096)
    /// An identifier: 1 to 128 characters.
    public static let identifier = JSONSchema.string(1...128)
    /// A whole number of milliseconds, at most a hundred years.
    public static let milliseconds = JSONSchema.integer(0...3_155_760_000_000)
    public static let integer = JSONSchema.integer(Int.min...Int.max)
    public static let empty = JSONSchema.object([])

    public static func array(of element: JSONSchema) -> JSONSchema { .array(of: element, count: 0...Int.max) }

    /// The same object with more members.
    public func adding(_ members: [Member]) -> JSONSchema {
        guard case .object(let own) = self else { preconditionFailure("only an object has members") }
        return .object(own + members)
    }

    /// The members of an object; none for anything else.
    public var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }
}

/// A type that says which JSON it is read from or written as.
public protocol JSONDescribed {
    static var schema: JSONSchema { get }
}
