import WorkflowKit

import struct Foundation.UUID

/// Why a cell cannot be read; says nothing of its content.
struct UndecodableValue: Error {
    let reason: String
}

/// Reads big-endian numbers and what is made of them from the bytes of one cell; never past their end.
///
/// It must not outlive the bytes, which the compiler does not see to: a reader over `Span` would need lifetime
/// annotations, and those are an experimental feature of Swift 6.3.
@safe struct CellReader {
    private let cell: UnsafeBufferPointer<UInt8>
    private var offset = 0

    @unsafe init(cell: UnsafeBufferPointer<UInt8>) {
        unsafe self.cell = unsafe cell
    }

    var remaining: Int { unsafe cell.count - offset }

    mutating func integer<Number: FixedWidthInteger>(as _: Number.Type = Number.self) throws(UndecodableValue) -> Number
    {
        let width = Number.bitWidth / 8
        guard remaining >= width else { throw UndecodableValue(reason: "the cell ends early") }
        var number: Number = 0
        for index in offset..<(offset + width) {
            number = unsafe (number << 8) | Number(truncatingIfNeeded: cell[index])
        }
        offset += width
        return number
    }

    mutating func bool() throws(UndecodableValue) -> Bool { try integer(as: UInt8.self) != 0 }

    mutating func bytes(_ length: Int) throws(UndecodableValue) -> [UInt8] {
        unsafe Array(try take(length))
    }

    mutating func text(_ length: Int) throws(UndecodableValue) -> String {
        guard let text = unsafe String(validating: try take(length), as: UTF8.self) else {
            throw UndecodableValue(reason: "the text is not UTF-8")
        }
        return text
    }

    mutating func jsonb(_ length: Int) throws(UndecodableValue) -> [UInt8] {
        guard length > 0, try integer(as: UInt8.self) == 1 else {
            throw UndecodableValue(reason: "the jsonb value has an unknown version")
        }
        return try bytes(length - 1)
    }

    mutating func uuid() throws(UndecodableValue) -> UUID {
        let b = try bytes(16)
        return UUID(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
            ))
    }

    /// PostgreSQL reaches to the year 294276, a hundred days further than a `Timestamp`: what lies there is read as
    /// ``Timestamp/distantFuture``.
    mutating func timestamp() throws(UndecodableValue) -> Timestamp {
        switch try integer(as: Int64.self) {
        case .min: .distantPast
        case .max: .distantFuture
        case let microseconds:
            Timestamp(microsecondsSince1970: microseconds) + .microseconds(PostgresEpoch.microseconds)
        }
    }

    mutating func date() throws(UndecodableValue) -> Int32 {
        switch try integer(as: Int32.self) {
        case .min: .min
        case .max: .max
        case let days: days &+ PostgresEpoch.days
        }
    }

    /// An array of at most one dimension; `element` reads one element of as many bytes as it is told.
    mutating func array<Element>(
        _ element: (inout CellReader, Int) throws(UndecodableValue) -> Element
    ) throws(UndecodableValue) -> [Element?] {
        let dimensions = try integer(as: Int32.self)
        _ = try integer(as: Int32.self)  // whether there are nulls: their lengths say so as well
        _ = try integer(as: UInt32.self)  // the elements' type: the array's type says so as well
        if dimensions == 0 { return [] }
        guard dimensions == 1 else {
            throw UndecodableValue(reason: "arrays of \(dimensions) dimensions are not understood")
        }
        let count = Int(try integer(as: Int32.self))
        _ = try integer(as: Int32.self)  // the number of the first element
        guard count >= 0, count <= remaining / 4 else { throw UndecodableValue(reason: "the cell ends early") }
        var elements: [Element?] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try integer(as: Int32.self))
            if length < 0 {
                elements.append(nil)
                continue
            }
            guard length <= remaining else { throw UndecodableValue(reason: "the cell ends early") }
            let end = offset + length
            elements.append(try element(&self, length))
            guard offset == end else { throw UndecodableValue(reason: "an element has not the length of its type") }
        }
        return elements
    }

    private mutating func take(_ length: Int) throws(UndecodableValue) -> Slice<UnsafeBufferPointer<UInt8>> {
        guard length >= 0, length <= remaining else { throw UndecodableValue(reason: "the cell ends early") }
        defer { offset += length }
        return unsafe cell[offset..<(offset + length)]
    }
}
