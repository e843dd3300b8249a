private import struct Foundation.UUID

/// What one call of `JSONCoding.decode` has found so far.
final class JSONDecodingSession {
    let refusesUnknown: Bool
    private(set) var errors: [JSONFieldError] = []

    init(refusesUnknown: Bool) {
        self.refusesUnknown = refusesUnknown
    }

    func note(_ path: JSONPath, _ message: String) {
        errors.append(JSONFieldError(path: path.dotted, message: message))
    }
}

/// Thrown through a type's `init(from:)` when its error is noted already and no value can stand in for the missing one.
private struct AlreadyNoted: Error {}

/// Reads one value for `Decodable`.
///
/// A wrong string, number or truth value is noted and a stand-in is handed out, so that the type goes on to its next
/// field and all errors are told at once; the stand-ins are never seen, because the call fails in the end.
struct JSONDecoding: Decoder {
    let value: JSON
    let path: JSONPath
    let session: JSONDecodingSession
    /// The members that the type asked for; nil when nobody wants to know.
    let asked: AskedMembers?

    final class AskedMembers {
        var names: Set<String> = []
        var areAll = false
    }

    init(value: JSON, path: JSONPath, session: JSONDecodingSession) {
        self.value = value
        self.path = path
        self.session = session
        self.asked = session.refusesUnknown ? AskedMembers() : nil
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw mismatch("an object") }
        return KeyedDecodingContainer(
            JSONKeyedDecoding<Key>(object: object, path: path, session: session, asked: asked))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return JSONUnkeyedDecoding(elements: elements, path: path, session: session)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { JSONSingleDecoding(decoder: self) }

    private func mismatch(_ expected: String) -> any Error {
        session.note(path, "must be \(expected)")
        return AlreadyNoted()
    }

    /// Reads a `T` from `json`, which stands at `path`.
    func decode<T: Decodable>(_ type: T.Type, from json: JSON, at path: JSONPath) throws -> T {
        if T.self == JSON.self, let value = json as? T { return value }
        if T.self == String.self, let value = session.string(json, path) as? T { return value }
        if T.self == Int.self, let value = session.integer(json, path, Int.self) as? T { return value }
        if T.self == UUID.self { return try decodeUUID(json, path) as! T }
        let decoder = JSONDecoding(value: json, path: path, session: session)
        let value: T
        do {
            value = try T(from: decoder)
        } catch let error as DecodingError {
            session.note(path, Self.message(of: error))
            throw AlreadyNoted()
        } catch is AlreadyNoted {
            throw AlreadyNoted()
        } catch {
            session.note(path, "cannot be read: \(error)")
            throw AlreadyNoted()
        }
        if let asked = decoder.asked, !asked.areAll, case .object(let object) = json {
            for member in object where !asked.names.contains(member.key) {
                let suggestion = nearestName(to: member.key, among: asked.names.sorted())
                session.note(.member(path, member.key), JSONFieldError.unknownMember(suggestion: suggestion))
            }
        }
        return value
    }

    private func decodeUUID(_ json: JSON, _ path: JSONPath) throws -> UUID {
        guard case .string(let text) = json, let value = UUID(uuidString: text) else {
            session.note(path, "must be a UUID")
            throw AlreadyNoted()
        }
        return value
    }

    private static func message(of error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
            .keyNotFound(_, let context):
            context.debugDescription.hasPrefix("Cannot initialize") ? "has an unknown value" : context.debugDescription
        @unknown default: "cannot be read"
        }
    }
}

extension JSONFieldError {
    package static func unknownMember(suggestion: String?) -> String {
        suggestion.map { "is not known; did you mean \"\($0)\"?" } ?? "is not known"
    }
}

extension JSONDecodingSession {
    func string(_ json: JSON?, _ path: JSONPath) -> String {
        if case .string(let value) = json { return value }
        note(path, json == nil ? "is required" : "must be a string")
        return ""
    }

    func bool(_ json: JSON?, _ path: JSONPath) -> Bool {
        if case .bool(let value) = json { return value }
        note(path, json == nil ? "is required" : "must be true or false")
        return false
    }

    func double(_ json: JSON?, _ path: JSONPath) -> Double {
        if let value = json?.doubleValue { return value }
        note(path, json == nil ? "is required" : "must be a number")
        return 0
    }

    func integer<T: FixedWidthInteger>(_ json: JSON?, _ path: JSONPath, _ type: T.Type) -> T {
        if case .number(let number) = json {
            if let whole = number.int64, let value = T(exactly: whole) { return value }
            if let value = T(number.spelling) { return value }
            note(path, "must be a whole number between \(T.min) and \(T.max)")
        } else {
            note(path, json == nil ? "is required" : "must be a whole number")
        }
        return 0
    }
}

struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONObject
    let path: JSONPath
    let session: JSONDecodingSession
    let asked: JSONDecoding.AskedMembers?

    var codingPath: [any CodingKey] { path.codingPath }

    var allKeys: [Key] {
        asked?.areAll = true
        return object.keys.compactMap { Key(stringValue: $0) }
    }

    func contains(_ key: Key) -> Bool { member(key) != nil }
    func decodeNil(forKey key: Key) -> Bool { member(key)?.isNull ?? true }
    func decode(_ type: Bool.Type, forKey key: Key) -> Bool { session.bool(member(key), at(key)) }
    func decode(_ type: String.Type, forKey key: Key) -> String { session.string(member(key), at(key)) }
    func decode(_ type: Double.Type, forKey key: Key) -> Double { session.double(member(key), at(key)) }
    func decode(_ type: Float.Type, forKey key: Key) -> Float { Float(session.double(member(key), at(key))) }
    func decode<T: Decodable & FixedWidthInteger>(_ type: T.Type, forKey key: Key) -> T {
        session.integer(member(key), at(key), type)
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder(key).decode(type, from: try required(key), at: at(key))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
        JSONDecoding(value: object["super"] ?? .null, path: .member(path, "super"), session: session)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func member(_ key: Key) -> JSON? {
        asked?.names.insert(key.stringValue)
        return object[key.stringValue]
    }

    private func at(_ key: Key) -> JSONPath { .member(path, key.stringValue) }

    private func required(_ key: Key) throws -> JSON {
        guard let value = member(key) else {
            session.note(at(key), "is required")
            throw AlreadyNoted()
        }
        return value
    }

    private func decoder(_ key: Key) throws -> JSONDecoding {
        JSONDecoding(value: try required(key), path: at(key), session: session)
    }
}

struct JSONUnkeyedDecoding: UnkeyedDecodingContainer {
    let elements: [JSON]
    let path: JSONPath
    let session: JSONDecodingSession
    private(set) var currentIndex = 0

    init(elements: [JSON], path: JSONPath, session: JSONDecodingSession) {
        self.elements = elements
        self.path = path
        self.session = session
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, elements[currentIndex].isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) -> Bool { session.bool(next(), here) }
    mutating func decode(_ type: String.Type) -> String { session.string(next(), here) }
    mutating func decode(_ type: Double.Type) -> Double { session.double(next(), here) }
    mutating func decode(_ type: Float.Type) -> Float { Float(session.double(next(), here)) }
    mutating func decode<T: Decodable & FixedWidthInteger>(_ type: T.Type) -> T {
        session.integer(next(), here, type)
    }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let decoder = try decoder()
        return try decoder.decode(type, from: decoder.value, at: decoder.path)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try decoder().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try decoder() }

    /// The path of the element that ``next()`` returned last.
    private var here: JSONPath { .element(path, currentIndex - 1) }

    private mutating func next() -> JSON? {
        defer { currentIndex += 1 }
        return isAtEnd ? nil : elements[currentIndex]
    }

    private mutating func decoder() throws -> JSONDecoding {
        guard let value = next() else {
            session.note(here, "is required")
            throw AlreadyNoted()
        }
        return JSONDecoding(value: value, path: here, session: session)
    }
}

struct JSONSingleDecoding: SingleValueDecodingContainer {
    let decoder: JSONDecoding
    private var value: JSON { decoder.value }
    private var path: JSONPath { decoder.path }

    init(decoder: JSONDecoding) { self.decoder = decoder }

    var codingPath: [any CodingKey] { decoder.codingPath }
    func decodeNil() -> Bool { value.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try sure(decoder.session.bool(value, path)) }
    func decode(_ type: String.Type) throws -> String { try sure(decoder.session.string(value, path)) }
    func decode(_ type: Double.Type) throws -> Double { try sure(decoder.session.double(value, path)) }
    func decode(_ type: Float.Type) throws -> Float { Float(try sure(decoder.session.double(value, path))) }
    func decode<T: Decodable & FixedWidthInteger>(_ type: T.Type) throws -> T {
        try sure(decoder.session.integer(value, path, type))
    }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        decoder.asked?.areAll = true
        return try decoder.decode(type, from: value, at: path)
    }

    /// A single value is about to be turned into something else, an enum for example, which no stand-in can become.
    private func sure<T>(_ read: @autoclosure () -> T) throws -> T {
        let before = decoder.session.errors.count
        let result = read()
        if decoder.session.errors.count > before { throw AlreadyNoted() }
        return result
    }
}
