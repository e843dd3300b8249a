public import struct Foundation.UUID

/// One row of a result, its cells already decoded by the types that the server told.
///
/// The typed getters throw ``SQLError`` of kind `.defect` when the column is missing, null or of another type: the
/// statement and the code that reads it disagree, which no repetition mends.
public struct SQLRow: Sendable {
    /// The names of the columns, shared by all rows of a result.
    public let columns: SQLColumns
    public let values: [SQLValue]

    package init(columns: SQLColumns, values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    public subscript(index: Int) -> SQLValue { values[index] }

    /// The value of `column`; nil when the result has no such column.
    public subscript(column: String) -> SQLValue? { columns.index(of: column).map { values[$0] } }

    public func isNull(_ column: String) throws(SQLError) -> Bool { try value(column) == .null }

    public func bool(_ column: String) throws(SQLError) -> Bool {
        guard case .bool(let value) = try value(column) else { throw mismatch(column, "bool") }
        return value
    }

    /// Any integer column (`int2`, `int4`, `int8`).
    public func int(_ column: String) throws(SQLError) -> Int {
        guard let value = try intOrNull(column) else { throw mismatch(column, "integer") }
        return value
    }

    public func intOrNull(_ column: String) throws(SQLError) -> Int? {
        switch try value(column) {
        case .null: nil
        case .int2(let value): Int(value)
        case .int4(let value): Int(value)
        case .int8(let value): Int(value)
        default: throw mismatch(column, "integer")
        }
    }

    public func double(_ column: String) throws(SQLError) -> Double {
        guard case .float8(let value) = try value(column) else { throw mismatch(column, "float8") }
        return value
    }

    public func text(_ column: String) throws(SQLError) -> String {
        guard let value = try textOrNull(column) else { throw mismatch(column, "text") }
        return value
    }

    public func textOrNull(_ column: String) throws(SQLError) -> String? {
        switch try value(column) {
        case .null: nil
        case .text(let value), .numeric(let value): value
        default: throw mismatch(column, "text")
        }
    }

    public func bytes(_ column: String) throws(SQLError) -> [UInt8] {
        guard let value = try bytesOrNull(column) else { throw mismatch(column, "bytea") }
        return value
    }

    /// A `bytea` column, or the UTF-8 text of a `jsonb` one.
    public func bytesOrNull(_ column: String) throws(SQLError) -> [UInt8]? {
        switch try value(column) {
        case .null: nil
        case .bytes(let value), .json(let value): value
        default: throw mismatch(column, "bytea")
        }
    }

    public func uuid(_ column: String) throws(SQLError) -> UUID {
        guard let value = try uuidOrNull(column) else { throw mismatch(column, "uuid") }
        return value
    }

    public func uuidOrNull(_ column: String) throws(SQLError) -> UUID? {
        switch try value(column) {
        case .null: nil
        case .uuid(let value): value
        default: throw mismatch(column, "uuid")
        }
    }

    public func timestamp(_ column: String) throws(SQLError) -> Timestamp {
        guard let value = try timestampOrNull(column) else { throw mismatch(column, "timestamptz") }
        return value
    }

    public func timestampOrNull(_ column: String) throws(SQLError) -> Timestamp? {
        switch try value(column) {
        case .null: nil
        case .timestamp(let value): value
        default: throw mismatch(column, "timestamptz")
        }
    }

    /// The value of `column`, which the result must have.
    public func value(_ column: String) throws(SQLError) -> SQLValue {
        guard let index = columns.index(of: column) else {
            throw SQLError(kind: .defect, message: "the result has no column \"\(column)\"")
        }
        return values[index]
    }

    private func mismatch(_ column: String, _ type: String) -> SQLError {
        SQLError(kind: .defect, message: "column \"\(column)\" is null or not of type \(type)")
    }
}

/// The names of a result's columns.
public final class SQLColumns: Sendable {
    public let names: [String]

    package init(names: [String]) { self.names = names }

    /// Searched one by one: results have few columns, and a hash table for each result costs more than it saves.
    func index(of name: String) -> Int? { names.firstIndex(of: name) }
}
