/// One row of a flat file.
struct FlatRow: Sendable {
    fileprivate(set) var cells: [String] = []
    /// The line of the file on which the row begins, counted from 1.
    fileprivate(set) var line = 1
}

/// Cuts a stream of bytes into rows and cells (RFC 4180), with the separator that the first row shows.
///
/// Comma, semicolon, tab and vertical bar separate cells, depending on which the first row has most of outside of
/// quotes. Lines end with LF, CRLF or CR. A byte-order mark and a first line `sep=;` are read and dropped.
struct FlatFileTokenizer: Sendable {
    enum Failure: Hashable, Sendable {
        /// UTF-16, as spreadsheets write it under the name "Unicode text".
        case notUTF8
        /// A quote that was opened is not closed.
        case openQuote
        /// A row longer than ``rowBytesMax``.
        case rowTooLong
    }

    static let rowBytesMax = 1_048_576
    private static let cellBytesMax = 65_536
    private static let separators: [UInt8] = [
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
    ]

    private enum State {
        /// Collecting the first row, to see which separator it uses.
        case head
        case cellStart
        case plain
        case quoted
        /// After a quote inside a quoted cell: the end of the cell, or the first of two.
        case quoteInQuoted
        case failed
    }

    private(set) var separator = UInt8(ascii: ",")
    private(set) var failure: (reason: Failure, line: Int)?
    /// Rows in which something follows a closing quote; the text is kept.
    private(set) var sawTextAfterQuote = false

    private var state = State.head
    private var head: [UInt8] = []
    private var headIsQuoted = false
    private var cell: [UInt8] = []
    private var row = FlatRow()
    private var rowBytes = 0
    private var line = 1
    private var quoteLine = 1
    private var previousWasCarriageReturn = false

    mutating func read(_ chunk: ArraySlice<UInt8>, _ body: (FlatRow) -> Void) {
        for byte in chunk {
            if case .head = state { collectHead(byte, body) } else { read(byte, body) }
        }
    }

    mutating func finish(_ body: (FlatRow) -> Void) {
        if case .head = state { begin(body) }
        switch state {
        case .quoted:
            fail(.openQuote, line: quoteLine)
        case .failed, .head:
            break
        case .cellStart, .plain, .quoteInQuoted:
            if !cell.isEmpty || !row.cells.isEmpty { endRow(body) }
        }
    }

    private mutating func collectHead(_ byte: UInt8, _ body: (FlatRow) -> Void) {
        head.append(byte)
        if byte == UInt8(ascii: "\"") { headIsQuoted.toggle() }
        if byte == 0 || head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            fail(.notUTF8, line: line)
        } else if (byte == 0x0A || byte == 0x0D) && !headIsQuoted || head.count > Self.cellBytesMax {
            begin(body)
        }
    }

    /// The first row is complete: choose the separator and read the row with it.
    private mutating func begin(_ body: (FlatRow) -> Void) {
        var bytes = head[...]
        head = []
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        state = .cellStart
        if let announced = Self.announcedSeparator(bytes) {
            separator = announced
            let rest = bytes.drop { $0 != 0x0A && $0 != 0x0D }
            for byte in rest { read(byte, body) }
            return
        }
        if bytes.allSatisfy({ $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }) {
            // An empty line before the header: the next one decides.
            line += bytes.count { $0 == 0x0A }
            state = .head
            return
        }
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        for byte in bytes {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if !isQuoted, Self.separators.contains(byte) { counts[byte, default: 0] += 1 }
        }
        separator = Self.separators.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? separator
        for byte in bytes { read(byte, body) }
    }

    /// `sep=;`: how spreadsheets announce the separator.
    private static func announcedSeparator(_ bytes: ArraySlice<UInt8>) -> UInt8? {
        let text = decoded(bytes).lowercased()
        guard text.hasPrefix("sep="), let byte = bytes.dropFirst(4).first, separators.contains(byte) else { return nil }
        return byte
    }

    private mutating func read(_ byte: UInt8, _ body: (FlatRow) -> Void) {
        let isLineEnd = byte == 0x0A || byte == 0x0D
        let isSecondOfTwo = byte == 0x0A && previousWasCarriageReturn
        previousWasCarriageReturn = byte == 0x0D
        defer { if isLineEnd, !isSecondOfTwo { line += 1 } }
        rowBytes += 1
        if rowBytes > Self.rowBytesMax || cell.count > Self.cellBytesMax, state != .failed {
            if state == .quoted { fail(.openQuote, line: quoteLine) } else { fail(.rowTooLong, line: row.line) }
            return
        }
        switch state {
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { cell.append(byte) }
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            cell.append(byte)
            state = .quoted
        case .cellStart where byte == UInt8(ascii: "\""):
            quoteLine = line
            state = .quoted
        case .cellStart, .plain, .quoteInQuoted:
            if byte == separator {
                endCell()
            } else if isLineEnd {
                if isSecondOfTwo, row.cells.isEmpty, cell.isEmpty { return }
                endRow(body)
            } else {
                if state == .quoteInQuoted, byte != 0x20 { sawTextAfterQuote = true }
                if state == .cellStart, row.cells.isEmpty { row.line = line }
                cell.append(byte)
                state = .plain
            }
        case .head, .failed:
            return
        }
    }

    private mutating func endCell() {
        if row.cells.isEmpty, cell.isEmpty { row.line = line }
        row.cells.append(decoded(cell[...]))
        cell.removeAll(keepingCapacity: true)
        state = .cellStart
    }

    private mutating func endRow(_ body: (FlatRow) -> Void) {
        endCell()
        let finished = row
        row = FlatRow()
        row.line = line + 1
        rowBytes = 0
        if finished.cells.contains(where: { !SerialText.trimmed($0).isEmpty }) { body(finished) }
    }

    private mutating func fail(_ reason: Failure, line: Int) {
        failure = (reason, line)
        state = .failed
    }
}
