public import struct Foundation.UUID

/// One value on its way to or from the database.
///
/// Each case is one PostgreSQL type; what is read back is the case that was written. Arrays carry the columns of a
/// whole batch to one `insert … select from unnest($1, $2)`; an array's elements may be null.
public enum SQLValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int2(Int16)
    case int4(Int32)
    case int8(Int64)
    case float8(Double)
    /// `numeric`, as decimal text: no precision is lost.
    case numeric(String)
    /// `text`, `varchar`, `name`. PostgreSQL cannot store U+0000; it is refused before it is sent.
    case text(String)
    /// `bytea`.
    case bytes([UInt8])
    case uuid(UUID)
    /// `timestamptz`.
    case timestamp(Timestamp)
    /// `date`, as days since 1970-01-01.
    case date(Int32)
    /// `jsonb` (and `json` when read), as its UTF-8 text.
    case json([UInt8])

    case boolArray([Bool?])
    case int2Array([Int16?])
    case int4Array([Int32?])
    case int8Array([Int64?])
    case float8Array([Double?])
    case textArray([String?])
    case bytesArray([[UInt8]?])
    case uuidArray([UUID?])
    case timestampArray([Timestamp?])
    case dateArray([Int32?])
    case jsonArray([[UInt8]?])
}

extension SQLValue {
    /// `text`, or null where there is none.
    public static func text(orNull value: String?) -> SQLValue { value.map(SQLValue.text) ?? .null }
    public static func int4(orNull value: Int32?) -> SQLValue { value.map(SQLValue.int4) ?? .null }
    public static func int8(orNull value: Int64?) -> SQLValue { value.map(SQLValue.int8) ?? .null }
    public static func uuid(orNull value: UUID?) -> SQLValue { value.map(SQLValue.uuid) ?? .null }
    public static func timestamp(orNull value: Timestamp?) -> SQLValue { value.map(SQLValue.timestamp) ?? .null }
    public static func bytes(orNull value: [UInt8]?) -> SQLValue { value.map(SQLValue.bytes) ?? .null }
    public static func json(orNull value: [UInt8]?) -> SQLValue { value.map(SQLValue.json) ?? .null }
}
