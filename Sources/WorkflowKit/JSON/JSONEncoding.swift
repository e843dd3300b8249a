private import struct Foundation.UUID

/// Builds ``JSON`` for `Encodable`.
struct JSONEncoding {
    let exactTimes: Bool
    /// Whether whole numbers beyond 2^53 become text.
    let integersAreSafe: Bool

    func number(_ value: some BinaryInteger) -> JSON {
        if let exact = Int64(exactly: value), !integersAreSafe || exact.magnitude <= 1 << 53 {
            return .number(JSONNumber(exact))
        }
        let text = String(value)
        guard !integersAreSafe, let number = JSONNumber(spelling: text) else { return .string(text) }
        return .number(number)
    }

    func encode<T: Encodable>(_ value: T) throws -> JSON {
        // The types that most members have are written without an encoder of their own.
        if T.self == JSON.self, let value = value as? JSON { return integersAreSafe ? value.withSafeIntegers : value }
        if T.self == String.self, let value = value as? String { return .string(value) }
        if T.self == Int.self, let value = value as? Int { return number(value) }
        if T.self == Timestamp.self, let value = value as? Timestamp {
            return .string(value.rfc3339(exactTimes ? .microseconds : .milliseconds))
        }
        if T.self == UUID.self, let value = value as? UUID { return .string(value.uuidString.lowercased()) }
        let node = JSONEncodingNode(options: self, path: .root)
        try value.encode(to: node)
        return node.json
    }
}

/// One value that is being written; it becomes an object, an array or a single value by what is asked of it.
private final class JSONEncodingNode: Encoder {
    enum Slot {
        case value(JSON)
        /// Handed out to be written into, perhaps after later members.
        case node(JSONEncodingNode)

        var json: JSON {
            switch self {
            case .value(let json): json
            case .node(let node): node.json
            }
        }
    }

    enum Content {
        case nothing
        case single(JSON)
        case array([Slot])
        case object([(key: String, slot: Slot)])
    }

    let options: JSONEncoding
    let path: JSONPath
    var content = Content.nothing

    init(options: JSONEncoding, path: JSONPath) {
        self.options = options
        self.path = path
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [JSONCoding.exactTimesKey: options.exactTimes] }

    var json: JSON {
        switch content {
        case .nothing: return .object([:])
        case .single(let json): return json
        case .array(let slots): return .array(slots.map(\.json))
        case .object(let members):
            var object = JSONObject()
            for (key, slot) in members { object[key] = slot.json }
            return .object(object)
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .nothing = content { content = .object([]) }
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .nothing = content { content = .array([]) }
        return JSONUnkeyedEncoding(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingleEncoding(node: self) }

    func set(_ key: String, _ slot: Slot) {
        guard case .object(var members) = content else {
            preconditionFailure("a value was encoded as an object and as something else")
        }
        content = .nothing
        members.append((key, slot))
        content = .object(members)
    }

    func append(_ slot: Slot) {
        guard case .array(var slots) = content else {
            preconditionFailure("a value was encoded as an array and as something else")
        }
        content = .nothing
        slots.append(slot)
        content = .array(slots)
    }

    var elementCount: Int {
        guard case .array(let slots) = content else { return 0 }
        return slots.count
    }

    static func number(_ value: Double, _ path: [any CodingKey]) throws -> JSON {
        guard let number = JSONNumber(value) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: path, debugDescription: "JSON has no infinity and no NaN"))
        }
        return .number(number)
    }
}

private struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONEncodingNode
    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil(forKey key: Key) { node.set(key.stringValue, .value(.null)) }
    func encode(_ value: Bool, forKey key: Key) { node.set(key.stringValue, .value(.bool(value))) }
    func encode(_ value: String, forKey key: Key) { node.set(key.stringValue, .value(.string(value))) }
    func encode(_ value: Int, forKey key: Key) { node.set(key.stringValue, .value(node.options.number(value))) }
    func encode(_ value: Double, forKey key: Key) throws {
        node.set(key.stringValue, .value(try JSONEncodingNode.number(value, codingPath)))
    }
    func encode(_ value: Float, forKey key: Key) throws {
        node.set(key.stringValue, .value(try JSONEncodingNode.number(Double(value), codingPath)))
    }
    func encode<T: Encodable & BinaryInteger>(_ value: T, forKey key: Key) {
        node.set(key.stringValue, .value(node.options.number(value)))
    }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        node.set(key.stringValue, .value(try node.options.encode(value)))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        child(key.stringValue).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        child(key.stringValue).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { child("super") }
    func superEncoder(forKey key: Key) -> any Encoder { child(key.stringValue) }

    private func child(_ key: String) -> JSONEncodingNode {
        let child = JSONEncodingNode(options: node.options, path: .member(node.path, key))
        node.set(key, .node(child))
        return child
    }
}

private struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    let node: JSONEncodingNode
    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int { node.elementCount }

    func encodeNil() { node.append(.value(.null)) }
    func encode(_ value: Bool) { node.append(.value(.bool(value))) }
    func encode(_ value: String) { node.append(.value(.string(value))) }
    func encode(_ value: Double) throws { node.append(.value(try JSONEncodingNode.number(value, codingPath))) }
    func encode(_ value: Float) throws { node.append(.value(try JSONEncodingNode.number(Double(value), codingPath))) }
    func encode<T: Encodable & BinaryInteger>(_ value: T) { node.append(.value(node.options.number(value))) }
    func encode<T: Encodable>(_ value: T) throws { node.append(.value(try node.options.encode(value))) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        child().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
    func superEncoder() -> any Encoder { child() }

    private func child() -> JSONEncodingNode {
        let child = JSONEncodingNode(options: node.options, path: .element(node.path, count))
        node.append(.node(child))
        return child
    }
}

private struct JSONSingleEncoding: SingleValueEncodingContainer {
    let node: JSONEncodingNode
    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil() { node.content = .single(.null) }
    func encode(_ value: Bool) { node.content = .single(.bool(value)) }
    func encode(_ value: String) { node.content = .single(.string(value)) }
    func encode(_ value: Double) throws { node.content = .single(try JSONEncodingNode.number(value, codingPath)) }
    func encode(_ value: Float) throws {
        node.content = .single(try JSONEncodingNode.number(Double(value), codingPath))
    }
    func encode<T: Encodable & BinaryInteger>(_ value: T) { node.content = .single(node.options.number(value)) }
    func encode<T: Encodable>(_ value: T) throws { node.content = .single(try node.options.encode(value)) }
}
