/// One EDIFACT segment: the tag and its data elements, each a list of components.
struct EDIFACTSegment: Sendable {
    fileprivate(set) var tag = ""
    /// Without the tag; counted from 1 by ``text(_:_:)``.
    fileprivate(set) var elements: [[String]] = []
    fileprivate(set) var line = 1
    /// The place in the message, counted from UNH as 1; set by the reader.
    var ordinal = 0

    var position: SourcePosition {
        SourcePosition(line: line, segment: tag, ordinal: ordinal > 0 ? ordinal : nil)
    }

    /// A component without spaces at its ends; `nil` if it is empty or missing. Both numbers count from 1.
    func text(_ element: Int, _ component: Int = 1) -> String? {
        guard element <= elements.count, component <= elements[element - 1].count else { return nil }
        let trimmed = SerialText.trimmed(elements[element - 1][component - 1])
        return trimmed.isEmpty ? nil : trimmed
    }
}

/// Cuts a stream of bytes into EDIFACT segments; the separators come from UNA or are the usual ones (ISO 9735).
struct EDIFACTTokenizer: Sendable {
    enum Failure: Hashable, Sendable {
        case noInterchange
        case segmentTooLong
        case unfinishedSegment
    }

    static let segmentBytesMax = 65_536

    private enum State {
        case start
        case advice
        case segments
        case failed
    }

    private(set) var failure: (reason: Failure, line: Int)?
    private var componentSeparator = UInt8(ascii: ":")
    private var elementSeparator = UInt8(ascii: "+")
    private var release = UInt8(ascii: "?")
    private var terminator = UInt8(ascii: "'")
    private var state = State.start
    private var head: [UInt8] = []
    private var text: [UInt8] = []
    private var components: [String] = []
    private var elements: [[String]] = []
    private var isReleased = false
    private var isEmpty = true
    private var segmentBytes = 0
    private var segmentLine = 1
    private var line = 1

    mutating func read(_ chunk: ArraySlice<UInt8>, _ body: (inout EDIFACTSegment) -> Void) {
        for byte in chunk {
            read(byte, body)
            if byte == 0x0A { line += 1 }
        }
    }

    mutating func finish(_ body: (inout EDIFACTSegment) -> Void) {
        switch state {
        case .start, .advice:
            if !head.isEmpty { fail(.noInterchange) }
        case .segments:
            // A trailer whose terminator was cut off is whole if it has its control reference.
            if !isEmpty, elements.first?.first == "UNZ", elements.count == 2 {
                emit(body)
            } else if !isEmpty {
                fail(.unfinishedSegment)
            }
        case .failed:
            break
        }
    }

    private mutating func read(_ byte: UInt8, _ body: (inout EDIFACTSegment) -> Void) {
        switch state {
        case .start:
            if head.isEmpty, Self.isBlank(byte) || [0xEF, 0xBB, 0xBF].contains(byte) { return }
            head.append(byte)
            guard head.count == 3 else { return }
            if head == Array("UNA".utf8) {
                state = .advice
            } else if head == Array("UNB".utf8) {
                begin(body)
            } else {
                fail(.noInterchange)
            }
        case .advice:
            head.append(byte)
            guard head.count == 9 else { return }
            (componentSeparator, elementSeparator, release, terminator) = (head[3], head[4], head[6], head[8])
            head = []
            state = .segments
        case .segments:
            segment(byte, body)
        case .failed:
            return
        }
    }

    private mutating func begin(_ body: (inout EDIFACTSegment) -> Void) {
        state = .segments
        for byte in head { segment(byte, body) }
        head = []
    }

    private mutating func segment(_ byte: UInt8, _ body: (inout EDIFACTSegment) -> Void) {
        if isEmpty {
            if Self.isBlank(byte) || byte == 0x1A || byte == 0x00 { return }
            if byte == terminator { return }
            isEmpty = false
            segmentLine = line
            segmentBytes = 0
        }
        segmentBytes += 1
        if segmentBytes > Self.segmentBytesMax {
            fail(.segmentTooLong)
        } else if isReleased {
            text.append(byte)
            isReleased = false
        } else if byte == release, release != UInt8(ascii: " ") {
            isReleased = true
        } else if byte == terminator {
            emit(body)
        } else if byte == elementSeparator {
            closeElement()
        } else if byte == componentSeparator {
            closeComponent()
        } else if byte != 0x0A, byte != 0x0D {
            text.append(byte)
        }
    }

    private mutating func closeComponent() {
        components.append(decoded(text[...]))
        text.removeAll(keepingCapacity: true)
    }

    private mutating func closeElement() {
        closeComponent()
        elements.append(components)
        components = []
    }

    private mutating func emit(_ body: (inout EDIFACTSegment) -> Void) {
        closeElement()
        var segment = EDIFACTSegment()
        segment.tag = elements.removeFirst().first ?? ""
        segment.elements = elements
        segment.line = segmentLine
        elements = []
        isEmpty = true
        body(&segment)
    }

    private mutating func fail(_ reason: Failure) {
        failure = (reason, line)
        state = .failed
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
