import WorkflowKit

import struct Foundation.UUID

extension SQLValue {
    /// Appends the value in PostgreSQL's binary format, as the `recv` function of its type reads it.
    ///
    /// Throws `.rejected` for a value that the type cannot hold.
    func encode(into bytes: inout [UInt8]) throws(SQLError) {
        switch self {
        case .null: break
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int2(let value): bytes.appendBigEndian(value)
        case .int4(let value): bytes.appendBigEndian(value)
        case .int8(let value): bytes.appendBigEndian(value)
        case .float8(let value): bytes.appendBigEndian(value.bitPattern)
        case .numeric(let value): try bytes.appendNumeric(value)
        case .text(let value): try bytes.appendText(value)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .uuid(let value): bytes.appendUUID(value)
        case .timestamp(let value): try bytes.appendTimestamp(value)
        case .date(let value): try bytes.appendDate(value)
        case .json(let value): try bytes.appendJSON(value)

        case .boolArray(let elements):
            try bytes.appendArray(elements, of: .bool) { (bytes, element) throws(SQLError) in
                bytes.append(element ? 1 : 0)
            }
        case .int2Array(let elements):
            try bytes.appendArray(elements, of: .int2) { (bytes, element) throws(SQLError) in
                bytes.appendBigEndian(element)
            }
        case .int4Array(let elements):
            try bytes.appendArray(elements, of: .int4) { (bytes, element) throws(SQLError) in
                bytes.appendBigEndian(element)
            }
        case .int8Array(let elements):
            try bytes.appendArray(elements, of: .int8) { (bytes, element) throws(SQLError) in
                bytes.appendBigEndian(element)
            }
        case .float8Array(let elements):
            try bytes.appendArray(elements, of: .float8) { (bytes, element) throws(SQLError) in
                bytes.appendBigEndian(element.bitPattern)
            }
        case .textArray(let elements):
            try bytes.appendArray(elements, of: .text) { (bytes, element) throws(SQLError) in
                try bytes.appendText(element)
            }
        case .bytesArray(let elements):
            try bytes.appendArray(elements, of: .bytea) { (bytes, element) throws(SQLError) in
                bytes.append(contentsOf: element)
            }
        case .uuidArray(let elements):
            try bytes.appendArray(elements, of: .uuid) { (bytes, element) throws(SQLError) in
                bytes.appendUUID(element)
            }
        case .timestampArray(let elements):
            try bytes.appendArray(elements, of: .timestamptz) { (bytes, element) throws(SQLError) in
                try bytes.appendTimestamp(element)
            }
        case .dateArray(let elements):
            try bytes.appendArray(elements, of: .date) { (bytes, element) throws(SQLError) in
                try bytes.appendDate(element)
            }
        case .jsonArray(let elements):
            try bytes.appendArray(elements, of: .jsonb) { (bytes, element) throws(SQLError) in
                try bytes.appendJSON(element)
            }
        }
    }
}

/// Where PostgreSQL starts to count, seen from 1970.
enum PostgresEpoch {
    /// 2000-01-01T00:00:00Z in microseconds since 1970 (source: `POSTGRES_EPOCH_JDATE` in `timestamp.h`).
    static let microseconds: Int64 = 946_684_800_000_000
    /// 2000-01-01 in days since 1970.
    static let days: Int32 = 10_957
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        var shift = value.bitWidth - 8
        while shift >= 0 {
            append(UInt8(truncatingIfNeeded: value >> shift))
            shift -= 8
        }
    }

    fileprivate mutating func appendText(_ text: String) throws(SQLError) {
        let start = count
        append(contentsOf: text.utf8)
        try refuseZero(from: start)
    }

    /// `jsonb` starts with the version of its binary format, which is 1 (source: `jsonb_recv`).
    fileprivate mutating func appendJSON(_ text: [UInt8]) throws(SQLError) {
        append(1)
        let start = count
        append(contentsOf: text)
        try refuseZero(from: start)
    }

    private func refuseZero(from start: Int) throws(SQLError) {
        if self[start...].contains(0) {
            throw SQLError(kind: .rejected, message: "text with the character U+0000 cannot be stored")
        }
    }

    fileprivate mutating func appendUUID(_ uuid: UUID) {
        let b = uuid.uuid
        append(contentsOf: [
            b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7, b.8, b.9, b.10, b.11, b.12, b.13, b.14, b.15,
        ])
    }

    /// Microseconds since 2000; the extreme numbers stand for the infinities.
    fileprivate mutating func appendTimestamp(_ timestamp: Timestamp) throws(SQLError) {
        switch timestamp {
        case .distantPast: appendBigEndian(Int64.min)
        case .distantFuture: appendBigEndian(Int64.max)
        default:
            let (sum, overflow) = timestamp.microsecondsSince1970.subtractingReportingOverflow(
                PostgresEpoch.microseconds)
            guard !overflow, sum != .min else {
                throw SQLError(kind: .rejected, message: "a time before 290278 BC cannot be stored")
            }
            appendBigEndian(sum)
        }
    }

    /// Days since 2000; the extreme numbers stand for the infinities.
    fileprivate mutating func appendDate(_ daysSince1970: Int32) throws(SQLError) {
        if daysSince1970 == .min || daysSince1970 == .max {
            appendBigEndian(daysSince1970)
            return
        }
        let (days, overflow) = daysSince1970.subtractingReportingOverflow(PostgresEpoch.days)
        guard !overflow, days != .min else {
            throw SQLError(kind: .rejected, message: "a date before 5877641 BC cannot be stored")
        }
        appendBigEndian(days)
    }

    /// An array of one dimension that counts from 1 (source: `array_recv`); of none when it is empty.
    fileprivate mutating func appendArray<Cell>(
        _ elements: [Cell?], of type: TypeOID, encode: (inout [UInt8], Cell) throws(SQLError) -> Void
    ) throws(SQLError) {
        let hasNull = elements.contains { $0 == nil }
        appendBigEndian(elements.isEmpty ? Int32(0) : 1)
        appendBigEndian(hasNull ? Int32(1) : 0)
        appendBigEndian(type.rawValue)
        if elements.isEmpty { return }
        appendBigEndian(Int32(elements.count))
        appendBigEndian(Int32(1))
        for element in elements {
            let lengthAt = count
            appendBigEndian(Int32(-1))
            guard let element else { continue }
            try encode(&self, element)
            let length = UInt32(truncatingIfNeeded: count - lengthAt - 4)
            self[lengthAt] = UInt8(truncatingIfNeeded: length >> 24)
            self[lengthAt + 1] = UInt8(truncatingIfNeeded: length >> 16)
            self[lengthAt + 2] = UInt8(truncatingIfNeeded: length >> 8)
            self[lengthAt + 3] = UInt8(truncatingIfNeeded: length)
        }
    }
}
