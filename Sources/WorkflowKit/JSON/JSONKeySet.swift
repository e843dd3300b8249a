/// Remembers the keys of the objects that a reader stands in, so that an equal one is noticed.
///
/// Two readers of the same text that disagree about which of two equal keys counts are a way to smuggle a request
/// past a check; so the second one is refused, also where nobody builds the object.
package struct JSONKeySet {
    /// Up to this many keys of one object are compared one by one.
    private static let comparedKeysMax = 16
    /// Room that is made at the first key: enough for a request, so that most lines need no more.
    private static let usualKeys = 8

    private var tokens: [JSONReader.StringToken] = []
    /// The keys of the innermost object once it has many; hashed, because comparing them would take quadratic time.
    private var hashed: Set<String> = []
    /// Where the keys of the innermost object begin.
    private var start = 0

    package struct Mark {
        let start: Int
        let hashed: Set<String>
    }

    package init() {}

    /// An object begins; the mark is given back when it ends.
    package mutating func begin() -> Mark {
        let mark = Mark(start: start, hashed: hashed)
        start = tokens.count
        if !hashed.isEmpty { hashed = [] }
        return mark
    }

    package mutating func end(_ mark: Mark) {
        tokens.removeSubrange(start...)
        start = mark.start
        hashed = mark.hashed
    }

    /// False if the object has a key that is equal once escapes are resolved.
    package mutating func insert(_ token: JSONReader.StringToken, _ bytes: Span<UInt8>) -> Bool {
        guard tokens.count - start < Self.comparedKeysMax else { return insertHashed(token, bytes) }
        var index = start
        while index < tokens.count {
            if Self.areEqual(tokens[index], token, bytes) { return false }
            index += 1
        }
        if tokens.capacity == 0 { tokens.reserveCapacity(Self.usualKeys) }
        tokens.append(token)
        return true
    }

    private mutating func insertHashed(_ token: JSONReader.StringToken, _ bytes: Span<UInt8>) -> Bool {
        if hashed.isEmpty {
            for known in tokens[start...] { hashed.insert(JSONReader.string(known, bytes)) }
        }
        return hashed.insert(JSONReader.string(token, bytes)).inserted
    }

    /// Keys are equal as Swift compares strings, so that this and ``JSONObject`` agree: two spellings of "é" are one key.
    private static func areEqual(
        _ left: JSONReader.StringToken, _ right: JSONReader.StringToken, _ bytes: Span<UInt8>
    ) -> Bool {
        guard left.isPlain, right.isPlain else {
            return JSONReader.string(left, bytes) == JSONReader.string(right, bytes)
        }
        guard left.range.count == right.range.count else { return false }
        var offset = 0
        while offset < left.range.count {
            if bytes[left.range.lowerBound + offset] != bytes[right.range.lowerBound + offset] { return false }
            offset += 1
        }
        return true
    }
}
