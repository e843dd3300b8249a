/// One X12 segment: its identifier and its elements, counted from 1.
struct X12Segment: Sendable {
    /// The bytes of the segment without its terminator.
    fileprivate(set) var bytes: [UInt8] = []
    /// Where each element starts; the identifier is the first.
    fileprivate(set) var starts: [Int] = [0]
    fileprivate(set) var componentSeparator: UInt8 = 0
    /// The line of the file on which the segment begins.
    fileprivate(set) var line = 1
    /// Set by the envelope: the place in the transaction set, counted from ST as 1.
    var ordinal = 0

    var id: String { text(0) }

    /// The number of elements, without the identifier.
    var count: Int { starts.count - 1 }

    var position: SourcePosition {
        SourcePosition(line: line, segment: id, ordinal: ordinal > 0 ? ordinal : nil)
    }

    func range(_ element: Int) -> Range<Int> {
        guard element < starts.count else { return 0..<0 }
        let end = element + 1 < starts.count ? starts[element + 1] - 1 : bytes.count
        return starts[element]..<end
    }

    /// The element without spaces at its end; empty if there is none.
    func text(_ element: Int) -> String {
        decoded(trimmedBytes(element))
    }

    /// The element without spaces at its ends; `nil` if it is empty.
    func value(_ element: Int) -> String? {
        var slice = trimmedBytes(element)
        while slice.first == UInt8(ascii: " ") { slice.removeFirst() }
        return slice.isEmpty ? nil : decoded(slice)
    }

    /// The first component of a composite element.
    func component(_ element: Int) -> String? {
        let slice = trimmedBytes(element).prefix { $0 != componentSeparator }
        return slice.isEmpty ? nil : decoded(slice)
    }

    func trimmedBytes(_ element: Int) -> ArraySlice<UInt8> {
        var slice = bytes[range(element)]
        while slice.last == UInt8(ascii: " ") { slice.removeLast() }
        return slice
    }

    func `is`(_ id: StaticString) -> Bool {
        let range = range(0)
        guard range.count == id.utf8CodeUnitCount else { return false }
        return id.withUTF8Buffer { unsafe bytes[range].elementsEqual($0) }
    }
}

/// Cuts a stream of bytes into X12 segments, whatever the separators are.
///
/// The ISA segment tells the separators: the byte after `ISA` separates elements, the byte after the sixteenth of
/// these separates components, the byte after that ends segments. Counting separators instead of relying on the
/// fixed width reads interchanges whose ISA elements have the wrong width, too.
struct X12Tokenizer: Sendable {
    enum Failure: Hashable, Sendable {
        /// The bytes do not begin with ISA.
        case noInterchange
        /// ISA does not have sixteen elements.
        case isaElements
        /// A segment longer than ``segmentBytesMax``; its terminator must be missing.
        case segmentTooLong
        /// The file ends inside a segment.
        case unfinishedSegment
    }

    static let segmentBytesMax = 65_536
    private static let isaBytesMax = 512

    private enum State {
        case betweenInterchanges
        case isa(separators: Int)
        case segments
        case failed
    }

    private(set) var elementSeparator: UInt8 = 0
    private(set) var componentSeparator: UInt8 = 0
    private(set) var terminator: UInt8 = 0
    /// Whether line breaks were found inside a segment and taken out.
    private(set) var sawWrappedLines = false
    private(set) var failure: (reason: Failure, line: Int)?

    private var state = State.betweenInterchanges
    private var segment = X12Segment()
    private var line = 1
    private var previousWasCarriageReturn = false
    private var isaIsWrapped = false

    init() {}

    /// Calls `body` with each segment that ends within `chunk`. After a failure the rest is ignored.
    mutating func read(_ chunk: ArraySlice<UInt8>, _ body: (inout X12Segment) -> Void) {
        for byte in chunk {
            read(byte, body)
            countLines(byte)
        }
    }

    /// The stream has ended.
    mutating func finish(_ body: (inout X12Segment) -> Void) {
        switch state {
        case .betweenInterchanges, .failed:
            return
        case .isa:
            fail(.isaElements)
        case .segments:
            // A last segment whose terminator was cut off is whole if it is the interchange's trailer.
            if segment.is("IEA"), segment.count == 2 {
                emit(body)
            } else if !segment.bytes.isEmpty {
                fail(.unfinishedSegment)
            }
        }
    }

    private mutating func read(_ byte: UInt8, _ body: (inout X12Segment) -> Void) {
        switch state {
        case .segments:
            if byte == terminator {
                if !segment.bytes.isEmpty { emit(body) }
            } else if byte == elementSeparator {
                append(byte)
                segment.starts.append(segment.bytes.count)
            } else if Self.isLineBreak(byte) {
                if !segment.bytes.isEmpty { sawWrappedLines = true }
            } else if segment.bytes.isEmpty, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                return
            } else {
                append(byte)
            }

        case .isa(let separators):
            if Self.isLineBreak(byte), separators < 16 {
                isaIsWrapped = true
                return
            }
            segment.bytes.append(byte)
            guard segment.bytes.count > 3 else {
                if !Array("ISA".utf8).starts(with: segment.bytes) { fail(.noInterchange) }
                return
            }
            if segment.bytes.count == 4 {
                elementSeparator = byte
                segment.starts.append(4)
                state = .isa(separators: 1)
            } else if separators == 16, segment.bytes.count == segment.starts[16] + 2 {
                finishISA(terminator: byte, body)
            } else if byte == elementSeparator, separators < 16 {
                segment.starts.append(segment.bytes.count)
                state = .isa(separators: separators + 1)
            } else if separators == 16 {
                componentSeparator = byte
            }
            if segment.bytes.count > Self.isaBytesMax { fail(.isaElements) }

        case .betweenInterchanges:
            // 0x1A is the end-of-file mark of old systems; EF BB BF is a byte-order mark.
            if Self.isLineBreak(byte) || [0x20, 0x09, 0x1A, 0x00, 0xEF, 0xBB, 0xBF].contains(byte) { return }
            segment.line = line
            segment.bytes = [byte]
            segment.starts = [0]
            state = .isa(separators: 0)
            if byte != UInt8(ascii: "I") { fail(.noInterchange) }

        case .failed:
            return
        }
    }

    private mutating func finishISA(terminator byte: UInt8, _ body: (inout X12Segment) -> Void) {
        segment.bytes.removeLast()
        // If neither version nor control number is a number, a segment that follows was counted in.
        let isPlausible =
            (1...15).allSatisfy { segment.range($0).count <= 40 }
            && [12, 13].contains { number in
                let bytes = segment.trimmedBytes(number)
                return !bytes.isEmpty && bytes.allSatisfy { (0x30...0x39).contains($0) }
            }
        guard isPlausible, !Self.isAlphanumeric(elementSeparator), !Self.isAlphanumeric(byte) else {
            fail(.isaElements)
            return
        }
        terminator = byte
        segment.componentSeparator = componentSeparator
        state = .segments
        sawWrappedLines = sawWrappedLines || isaIsWrapped
        emit(body)
    }

    private mutating func append(_ byte: UInt8) {
        if segment.bytes.isEmpty { segment.line = line }
        segment.bytes.append(byte)
        if segment.bytes.count > Self.segmentBytesMax { fail(.segmentTooLong) }
    }

    private mutating func emit(_ body: (inout X12Segment) -> Void) {
        let endsInterchange = segment.is("IEA")
        body(&segment)
        segment.bytes.removeAll(keepingCapacity: true)
        segment.starts.removeAll(keepingCapacity: true)
        segment.starts.append(0)
        if endsInterchange { state = .betweenInterchanges }
    }

    private mutating func fail(_ reason: Failure) {
        failure = (reason, line)
        state = .failed
    }

    private mutating func countLines(_ byte: UInt8) {
        if byte == 0x0A, !previousWasCarriageReturn { line += 1 }
        if byte == 0x0D { line += 1 }
        previousWasCarriageReturn = byte == 0x0D
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
