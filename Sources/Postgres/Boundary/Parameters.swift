import CLibPQ
import WorkflowKit

/// The values of one statement, laid out the way libpq wants to read them.
///
/// libpq takes arrays of pointers and reads through them for the length of one call. All values therefore lie in one
/// buffer whose lifetime is a closure's, instead of in a dozen Swift values that nothing holds on to once their
/// addresses have been taken.
struct Parameters: Sendable {
    /// The type of each parameter; 0 lets the server infer it, which happens for null only.
    let types: [TypeOID]
    private var bytes: [UInt8] = []
    /// Where each parameter lies in `bytes`; nil for SQL null.
    private var ranges: [Range<Int>?] = []

    /// Encodes `values`; throws `.rejected` for a value that PostgreSQL cannot hold, such as text with U+0000.
    init(_ values: [SQLValue]) throws(SQLError) {
        guard values.count <= Self.countMax else {
            throw SQLError(
                kind: .defect, message: "a statement cannot have more than \(Self.countMax) parameters: unnest arrays")
        }
        types = values.map(\.typeOID)
        ranges.reserveCapacity(values.count)
        for value in values {
            if value == .null {
                ranges.append(nil)
                continue
            }
            let start = bytes.count
            try value.encode(into: &bytes)
            ranges.append(start..<bytes.count)
        }
        guard bytes.count <= Self.bytesMax else {
            throw SQLError(kind: .rejected, message: "the parameters of one statement cannot be longer than 1 GiB")
        }
        // An empty array has no address, and a parameter of no bytes must still not be a null pointer, which would
        // mean SQL null: one byte more gives every parameter an address.
        bytes.append(0)
    }

    /// The protocol counts parameters with 16 bits (PostgreSQL manual, "Message Formats", Bind).
    static let countMax = 65_535
    /// No value of PostgreSQL can be longer, and libpq's message length is a 32-bit number.
    static let bytesMax = 1 << 30

    var count: Int32 { Int32(ranges.count) }

    /// The arrays that libpq reads; valid until the closure that gets them returns.
    @unsafe struct Pointers {
        let types: UnsafePointer<Oid>?
        let values: UnsafePointer<UnsafePointer<CChar>?>?
        let lengths: UnsafePointer<Int32>?
        let formats: UnsafePointer<Int32>?
    }

    /// Calls `body` with pointers that are valid until it returns.
    func withPointers<Result>(_ body: (Pointers) -> Result) -> Result {
        let oids = types.map(\.rawValue)
        let lengths = ranges.map { Int32($0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: ranges.count)
        return unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
            let values: [UnsafePointer<CChar>?] = unsafe ranges.map { range in
                unsafe range.map { unsafe base + $0.lowerBound }
            }
            return unsafe oids.withUnsafeBufferPointer { oids in
                unsafe values.withUnsafeBufferPointer { values in
                    unsafe lengths.withUnsafeBufferPointer { lengths in
                        unsafe formats.withUnsafeBufferPointer { formats in
                            unsafe body(
                                Pointers(
                                    types: oids.baseAddress, values: values.baseAddress, lengths: lengths.baseAddress,
                                    formats: formats.baseAddress))
                        }
                    }
                }
            }
        }
    }
}
