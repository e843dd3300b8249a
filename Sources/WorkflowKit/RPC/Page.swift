/// Parameters of every list: how many items, and after which cursor.
public struct PageParams: Codable, Hashable, Sendable {
    public static let limitDefault = 50
    public static let limitMax = 1_000

    public var limit: Int
    public var cursor: String?

    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit ?? Self.limitDefault
        self.cursor = cursor
    }

    /// The members that a list method adds to its own.
    public static let members: [JSONSchema.Member] = [
        .optional("limit", .integer(1...limitMax), "how many items at most; 50 if absent"),
        .optional("cursor", .string(1...1_024), "\"nextCursor\" of the page before"),
    ]
}

/// One page of a list.
public struct Page<Item: Codable & Sendable & JSONDescribed>: Encodable, Sendable, JSONDescribed {
    public var items: [Item]
    /// Where the next page begins; nil after the last.
    public var nextCursor: String?

    public init(items: [Item], nextCursor: String? = nil) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// The page of `rows` that has at most `limit` items and fits into an answer.
    ///
    /// - Parameters:
    ///   - rows: One more than `limit`, if there are so many, so that the last page is known to be the last.
    ///   - cursor: The sort values of an item.
    public init(
        rows: [Item], limit: Int, context: RPCContext, cursor: (Item) -> PageCursor
    ) throws {
        // What surrounds the items, a cursor of its greatest length included.
        var bytes = 1_200
        var count = 0
        for row in rows.prefix(limit) {
            bytes += try JSONCoding.encodeBytes(row).count + 1
            // One that is too large on its own is sent on, and answered as such.
            if count > 0, bytes > context.resultBytesMax { break }
            count += 1
        }
        let items = Array(rows.prefix(count))
        self.init(items: items, nextCursor: count < rows.count ? items.last.map { cursor($0).text } : nil)
    }

    private enum CodingKeys: String, CodingKey { case items, nextCursor }

    /// `nextCursor` is always written, null after the last page.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }

    public static var schema: JSONSchema {
        .object([
            .required("items", .array(of: Item.schema)),
            .required("nextCursor", .nullable(.text), "null after the last page"),
        ])
    }
}

/// A place in a list that callers keep and give back without looking into it.
///
/// It names the last item by the values that the list is sorted by, never by a count, so that rows which come and go
/// neither skip nor repeat another.
public struct PageCursor: Hashable, Sendable {
    /// The sort values of the last item of a page.
    public let values: [JSON]

    public init(_ values: [JSON]) { self.values = values }

    /// - Throws: ``RPCError`` of type `params.invalid` for text that no page gave out.
    /// - Parameter count: How many values the list sorts by.
    public init(_ text: String, count: Int) throws(RPCError) {
        guard let bytes = Self.bytes(hex: text), let values = try? JSON(parsing: bytes).arrayValue,
            values.count == count
        else { throw .invalidParam("cursor", "must be a cursor that a page of this list gave") }
        self.values = values
    }

    public var text: String {
        var text: [UInt8] = []
        let digits = Array("0123456789abcdef".utf8)
        for byte in JSON.array(values).bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(hex text: String) -> [UInt8]? {
        let digits = text.utf8.map {
            UnicodeScalar($0).properties.isHexDigit ? Character(UnicodeScalar($0)).hexDigitValue : nil
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
