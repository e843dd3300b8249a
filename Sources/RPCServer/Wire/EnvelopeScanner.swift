internal import WorkflowKit

/// Reads one line in one pass: checks all of it, and builds nothing but ids and method names.
struct EnvelopeScanner {
    private var reader: JSONReader
    private let batchMembersMax: Int

    /// - Parameter nestingMax: Most arrays and objects inside each other, from the outermost value of the line.
    static func scan(_ line: Span<UInt8>, nestingMax: Int, batchMembersMax: Int) -> ScannedLine {
        let limits = JSONLimits(depth: nestingMax, numberBytes: JSONLimits.default.numberBytes)
        var scanner = EnvelopeScanner(reader: JSONReader(limits: limits), batchMembersMax: batchMembersMax)
        do {
            return try scanner.scanLine(line)
        } catch {
            return .notJSON(error)
        }
    }

    private init(reader: JSONReader, batchMembersMax: Int) {
        self.reader = reader
        self.batchMembersMax = batchMembersMax
    }

    private mutating func scanLine(_ line: Span<UInt8>) throws(JSONError) -> ScannedLine {
        try reader.refuseByteOrderMark(line)
        let result: ScannedLine
        switch try reader.peek(line) {
        case UInt8(ascii: "["): result = try scanBatch(line)
        default: result = .single(try scanMessage(line))
        }
        try reader.expectEnd(line)
        return result
    }

    private mutating func scanBatch(_ line: Span<UInt8>) throws(JSONError) -> ScannedLine {
        try reader.enter()
        if try reader.peek(line) == UInt8(ascii: "]") {
            reader.leave()
            return .refused(RPCError(.invalidRequest, type: "request.invalid", "A batch has at least one request."))
        }
        var messages: [Envelope] = []
        var count = 0
        repeat {
            count += 1
            // Past the limit the rest is still read, because a line that is no JSON is refused as such.
            if count <= batchMembersMax {
                messages.append(try scanMessage(line))
            } else {
                messages = []
                try reader.skipValue(line)
            }
        } while try reader.another(before: UInt8(ascii: "]"), line)
        guard count <= batchMembersMax else {
            return .refused(
                RPCError(
                    .invalidRequest, type: "batch.tooLarge",
                    "A batch of \(count) is larger than the \(batchMembersMax) that are allowed; nothing was done."))
        }
        return .batch(messages)
    }

    private mutating func scanMessage(_ line: Span<UInt8>) throws(JSONError) -> Envelope {
        guard try reader.peek(line) == UInt8(ascii: "{") else {
            try reader.skipValue(line)
            return .invalid(.null, reason: "A request is a JSON object.")
        }
        try reader.enter()
        var members = EnvelopeMembers()
        if try reader.peek(line) == UInt8(ascii: "}") {
            reader.leave()
            return members.envelope
        }
        let mark = reader.keys.begin()
        repeat {
            let token = try reader.key(line)
            guard reader.keys.insert(token, line) else {
                throw JSONError(.duplicateKey(JSONReader.string(token, line)), offset: token.range.lowerBound - 1)
            }
            let first = try reader.peek(line)
            let start = reader.position
            try reader.skipValue(line)
            members.note(token, value: start..<reader.position, first: first, line)
        } while try reader.another(before: UInt8(ascii: "}"), line)
        reader.keys.end(mark)
        return members.envelope
    }
}

/// What has been seen of one message.
private struct EnvelopeMembers {
    private static let names = ["jsonrpc", "id", "method", "params"]

    private var version: Bool?
    private var id: RequestID?
    private var isIDWrong = false
    private var method: String?
    private var isMethodWrong = false
    private var params = Envelope.Params.none
    private var areParamsWrong = false
    private var isResponse = false
    private var misspelled: (name: String, meant: String)?

    mutating func note(_ key: JSONReader.StringToken, value: Range<Int>, first: UInt8, _ line: Span<UInt8>) {
        if JSONReader.isEqual(key, "jsonrpc", line) {
            version = first == UInt8(ascii: "\"") && Self.isVersion(value, line)
        } else if JSONReader.isEqual(key, "id", line) {
            let isScalar = first == UInt8(ascii: "\"") || first == UInt8(ascii: "-") || Self.isDigit(first)
            if isScalar || first == UInt8(ascii: "n") {
                id = RequestID(spelling: value.map { line[$0] })
            } else {
                isIDWrong = true
            }
        } else if JSONReader.isEqual(key, "method", line) {
            method = first == UInt8(ascii: "\"") ? Self.text(value, line) : nil
            isMethodWrong = method == nil
        } else if JSONReader.isEqual(key, "params", line) {
            noteParams(value, first, line)
        } else if JSONReader.isEqual(key, "result", line) || JSONReader.isEqual(key, "error", line) {
            isResponse = true
        } else {
            noteOther(JSONReader.string(key, line))
        }
    }

    private mutating func noteOther(_ name: String) {
        if let meant = nearestName(to: name, among: Self.names), abs(meant.utf8.count - name.utf8.count) <= 1 {
            misspelled = (name, meant)
        }
    }

    private mutating func noteParams(_ value: Range<Int>, _ first: UInt8, _ line: Span<UInt8>) {
        switch first {
        case UInt8(ascii: "{"): params = .named(value)
        case UInt8(ascii: "["): params = Self.isEmptyArray(value, line) ? .none : .positional
        case UInt8(ascii: "n"): params = .none
        default: areParamsWrong = true
        }
    }

    var envelope: Envelope {
        if method == nil, !isMethodWrong, isResponse { return .response }
        if let reason { return .invalid(id ?? .null, reason: reason) }
        guard let method else { preconditionFailure("a message without a method has a reason to be invalid") }
        return .request(Envelope.Request(id: id, method: method, params: params))
    }

    /// Why this is no request.
    private var reason: String? {
        if isIDWrong { return "The \"id\" is a string, a number or null." }
        if let misspelled, !isComplete(without: misspelled.meant) {
            return "A request has no member \"\(misspelled.name)\"; did you mean \"\(misspelled.meant)\"?"
        }
        switch version {
        case nil: return "A request has the member \"jsonrpc\" with the value \"2.0\"."
        case false?: return "The value of \"jsonrpc\" is the string \"2.0\"."
        case true?: break
        }
        if isMethodWrong { return "The \"method\" is a string." }
        if method == nil { return "A request has a \"method\"." }
        if areParamsWrong { return "The \"params\" are an object." }
        return nil
    }

    /// Whether the member that a misspelled one stands for is there as well, so that it is no misspelling.
    private func isComplete(without name: String) -> Bool {
        switch name {
        case "jsonrpc": version != nil
        case "id": id != nil
        case "method": method != nil
        default: params != .none
        }
    }

    /// Whether the string is "2.0", however it is spelled.
    private static func isVersion(_ value: Range<Int>, _ line: Span<UInt8>) -> Bool {
        let start = value.lowerBound
        if value.count == 5 {
            return line[start + 1] == UInt8(ascii: "2") && line[start + 2] == UInt8(ascii: ".")
                && line[start + 3] == UInt8(ascii: "0")
        }
        return text(value, line) == "2.0"
    }

    private static func text(_ value: Range<Int>, _ line: Span<UInt8>) -> String? {
        var reader = JSONReader(limits: .default, position: value.lowerBound)
        guard let token = try? reader.skipString(line) else { return nil }
        return JSONReader.string(token, line)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isEmptyArray(_ value: Range<Int>, _ line: Span<UInt8>) -> Bool {
        for index in value.lowerBound + 1..<value.upperBound - 1 where line[index] > 0x20 { return false }
        return true
    }
}
