/// Turns Swift values into JSON and back.
///
/// `Timestamp` travels as RFC 3339 text, `UUID` as lower-case text, ``JSON`` as itself.
public enum JSONCoding {
    /// What to do with a member of an object that the type does not read.
    public enum UnknownMembers: Sendable {
        case ignore
        /// It is an error, which names the member that may have been meant.
        case refuse
    }

    static let exactTimesKey = CodingUserInfoKey(rawValue: "holdfast.exactTimes")!

    /// - Parameter exactTimes: Whether a `Timestamp` keeps its microseconds, which a journal needs; the protocol's
    ///   times have milliseconds.
    /// - Throws: What the value's own `encode(to:)` throws, and `EncodingError` for infinity and NaN.
    public static func encode<T: Encodable>(_ value: T, exactTimes: Bool = false) throws -> JSON {
        try JSONEncoding(exactTimes: exactTimes, integersAreSafe: false).encode(value)
    }

    /// As ``encode(_:exactTimes:)``, for clients: whole numbers beyond 2^53 become text, because many languages read
    /// numbers as `Double`.
    package static func encodeForClients<T: Encodable>(_ value: T) throws -> JSON {
        try JSONEncoding(exactTimes: false, integersAreSafe: true).encode(value)
    }

    /// As ``encode(_:exactTimes:)``, as compact UTF-8 text.
    public static func encodeBytes<T: Encodable>(_ value: T, exactTimes: Bool = false) throws -> [UInt8] {
        try encode(value, exactTimes: exactTimes).bytes
    }

    /// Reads a `T`; finds as many wrong fields as it can before it gives up.
    public static func decode<T: Decodable>(
        _ type: T.Type = T.self, from json: JSON, unknownMembers: UnknownMembers = .ignore
    ) throws(JSONFieldErrors) -> T {
        let session = JSONDecodingSession(refusesUnknown: unknownMembers == .refuse)
        let decoder = JSONDecoding(value: json, path: .root, session: session)
        let value = try? decoder.decode(T.self, from: json, at: .root)
        guard let value, session.errors.isEmpty else { throw JSONFieldErrors(session.errors) }
        return value
    }

    /// As ``decode(_:from:unknownMembers:)``; text that is no JSON is an error of the field `""`.
    public static func decode<T: Decodable>(
        _ type: T.Type = T.self, from bytes: [UInt8], unknownMembers: UnknownMembers = .ignore
    ) throws(JSONFieldErrors) -> T {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw JSONFieldErrors([JSONFieldError(path: "", message: "is not JSON: \(error)")])
        }
        return try decode(type, from: json, unknownMembers: unknownMembers)
    }
}

/// What is wrong with one field.
public struct JSONFieldError: Hashable, Sendable, Codable {
    /// Dotted from the outermost value: `contact.fax`, `runs[3].input.steps`; empty for the value itself.
    public let path: String
    /// What the field must be, to be read after its path: `is required`.
    public let message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }
}

/// Every field that kept a value from being read.
public struct JSONFieldErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public let fields: [JSONFieldError]

    public init(_ fields: [JSONFieldError]) {
        self.fields = fields
    }

    public var description: String {
        fields.map { $0.path.isEmpty ? "the value \($0.message)" : "\"\($0.path)\" \($0.message)" }
            .joined(separator: "; ")
    }
}
