extension JSON {
    /// Reads one JSON value and nothing else, as strictly as RFC 8259 allows: no byte-order mark, no equal keys, no
    /// trailing comma, no invalid UTF-8, no half surrogate pair.
    public init(parsing bytes: Span<UInt8>, limits: JSONLimits = .default) throws(JSONError) {
        var reader = JSONReader(limits: limits)
        try reader.refuseByteOrderMark(bytes)
        self = try reader.readValue(bytes)
        try reader.expectEnd(bytes)
    }

    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    public init(parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    public init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

extension JSONReader {
    /// The value that comes next. Calls itself once per nested array or object, which the depth limit bounds.
    package mutating func readValue(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        switch try peek(bytes) {
        case UInt8(ascii: "{"):
            return .object(try readObject(bytes))
        case UInt8(ascii: "["):
            return .array(try readArray(bytes))
        case UInt8(ascii: "\""):
            return .string(Self.string(try skipString(bytes), bytes))
        case UInt8(ascii: "t"):
            try skipWord("true", bytes)
            return .bool(true)
        case UInt8(ascii: "f"):
            try skipWord("false", bytes)
            return .bool(false)
        case UInt8(ascii: "n"):
            try skipWord("null", bytes)
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(JSONNumber(validated: bytes, try skipNumber(bytes)))
        case let byte:
            throw JSONError(.unexpectedByte(byte), offset: position)
        }
    }

    private mutating func readArray(_ bytes: Span<UInt8>) throws(JSONError) -> [JSON] {
        try enter()
        var elements: [JSON] = []
        if try peek(bytes) == UInt8(ascii: "]") {
            leave()
            return elements
        }
        repeat { elements.append(try readValue(bytes)) } while try another(before: UInt8(ascii: "]"), bytes)
        return elements
    }

    private mutating func readObject(_ bytes: Span<UInt8>) throws(JSONError) -> JSONObject {
        try enter()
        var object = JSONObject()
        if try peek(bytes) == UInt8(ascii: "}") {
            leave()
            return object
        }
        repeat {
            let token = try key(bytes)
            let name = Self.string(token, bytes)
            guard object.append(name, try readValue(bytes)) else {
                throw JSONError(.duplicateKey(name), offset: token.range.lowerBound - 1)
            }
        } while try another(before: UInt8(ascii: "}"), bytes)
        return object
    }
}
