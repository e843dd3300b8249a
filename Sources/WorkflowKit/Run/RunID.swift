public import struct Foundation.UUID

/// Names one run, for ever.
///
/// A UUID of version 7 (RFC 9562): its first 48 bits are the millisecond of creation, so ids sort by creation and tell
/// on which UTC day the run was created, which is where its journal begins.
public struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let uuid: UUID

    public init(_ uuid: UUID) { self.uuid = uuid }

    /// An id from its text form; nil when `text` is no UUID.
    public init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        self.uuid = uuid
    }

    /// The id of a run created at `time`. `random` supplies the other 74 bits; it must not repeat.
    package init(at time: Timestamp, random: (high: UInt64, low: UInt64)) {
        let milliseconds = UInt64(clamping: max(0, time.microsecondsSince1970 / 1_000))
        func byte(_ value: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> shift) }
        self.uuid = UUID(
            uuid: (
                byte(milliseconds, 40), byte(milliseconds, 32), byte(milliseconds, 24), byte(milliseconds, 16),
                byte(milliseconds, 8), byte(milliseconds, 0),
                0x70 | (byte(random.high, 8) & 0x0f), byte(random.high, 0),
                0x80 | (byte(random.low, 56) & 0x3f), byte(random.low, 48), byte(random.low, 40),
                byte(random.low, 32), byte(random.low, 24), byte(random.low, 16), byte(random.low, 8),
                byte(random.low, 0)
            ))
    }

    /// When the run was created, to the millisecond.
    public var createdAt: Timestamp {
        let bytes = uuid.uuid
        let milliseconds = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5]
            .reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return Timestamp(microsecondsSince1970: milliseconds * 1_000)
    }

    /// The hash slot that whoever made the id put into its last 14 bits.
    package var slotNumber: Int32 { Int32(uuid.uuid.14 & 0x3f) << 8 | Int32(uuid.uuid.15) }

    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        func append(_ byte: UInt8) {
            text.append(Self.hexDigits[Int(byte >> 4)])
            text.append(Self.hexDigits[Int(byte & 15)])
        }
        let bytes = uuid.uuid
        for byte in [bytes.0, bytes.1, bytes.2, bytes.3] { append(byte) }
        text.append(UInt8(ascii: "-"))
        for byte in [bytes.4, bytes.5] { append(byte) }
        text.append(UInt8(ascii: "-"))
        for byte in [bytes.6, bytes.7] { append(byte) }
        text.append(UInt8(ascii: "-"))
        for byte in [bytes.8, bytes.9] { append(byte) }
        text.append(UInt8(ascii: "-"))
        for byte in [bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15] { append(byte) }
        return String(decoding: text, as: UTF8.self)
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    public static func < (left: RunID, right: RunID) -> Bool { left.uuid < right.uuid }
}
