#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Finds the lines in what arrives, wherever the network cut it.
///
/// The framer holds no bytes: the owner keeps those that were not consumed, appends what arrives, and asks for the next
/// line. Each byte is looked at once.
struct LineFramer: Sendable {
    enum Next: Equatable, Sendable {
        /// Where the line stands, without LF or CRLF. Never blank.
        case line(Range<Int>)
        /// The last line has not ended yet.
        case incomplete
        /// The line is longer than allowed, whether or not it has ended.
        case tooLong
    }

    /// Most bytes of a line, its end not counted.
    let lineBytesMax: Int
    /// Everything before it has been handed out or was blank.
    private(set) var consumed = 0
    /// No line ends between `consumed` and here.
    private var searched = 0

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// The owner has thrown away the first `consumed` bytes.
    mutating func rebase() {
        searched -= consumed
        consumed = 0
    }

    mutating func next(in bytes: Span<UInt8>) -> Next {
        while let end = Self.lineFeed(in: bytes, from: searched) {
            let line = Self.withoutCarriageReturn(consumed..<end, bytes)
            // A line that is too long is not consumed: nothing after it will be read.
            if line.count > lineBytesMax { return .tooLong }
            consumed = end + 1
            searched = consumed
            if !Self.isBlank(line, bytes) { return .line(line) }
        }
        searched = bytes.count
        // One byte more may be the CR that does not count.
        return bytes.count - consumed > lineBytesMax + 1 ? .tooLong : .incomplete
    }

    /// What stands after the last LF when nothing more will arrive.
    mutating func last(in bytes: Span<UInt8>) -> Next {
        let line = Self.withoutCarriageReturn(consumed..<bytes.count, bytes)
        if line.count > lineBytesMax { return .tooLong }
        consumed = bytes.count
        searched = consumed
        return Self.isBlank(line, bytes) ? .incomplete : .line(line)
    }

    private static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
        // memchr, because a loop over bytes is no longer free when a line has a megabyte.
        unsafe bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, 0x0A, buffer.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private static func withoutCarriageReturn(_ line: Range<Int>, _ bytes: Span<UInt8>) -> Range<Int> {
        guard !line.isEmpty, bytes[line.upperBound - 1] == 0x0D else { return line }
        return line.lowerBound..<line.upperBound - 1
    }

    private static func isBlank(_ line: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        for index in line where bytes[index] != 0x20 && bytes[index] != 0x09 && bytes[index] != 0x0D { return false }
        return true
    }
}
