package import WorkflowKit

/// Feeds bytes to the wire as a connection does, and checks what comes out. Compiled together with `RPCServer/Wire`.
package enum FuzzedConnection {
    /// Long enough for every shape of input, short enough that the limit is met.
    private static let lineBytesMax = 300

    /// The lines in `input`, which arrives in pieces.
    package static func lines(of input: [UInt8], pieceBytes: Int) -> [[UInt8]] {
        var framer = LineFramer(lineBytesMax: lineBytesMax)
        var kept: [UInt8] = []
        var lines: [[UInt8]] = []
        for start in stride(from: 0, to: input.count, by: pieceBytes) {
            kept += input[start..<min(start + pieceBytes, input.count)]
            reading: while true {
                switch framer.next(in: kept.span) {
                case .line(let range): lines.append(Array(kept[range]))
                case .incomplete: break reading
                case .tooLong: return lines
                }
            }
            kept.removeFirst(framer.consumed)
            framer.rebase()
        }
        if case .line(let range) = framer.last(in: kept.span) { lines.append(Array(kept[range])) }
        return lines
    }

    /// Scans one line as the server does.
    package static func check(_ line: [UInt8]) {
        let json = try? JSON(parsing: line)
        if let json {
            precondition((try? JSON(parsing: json.bytes)) == json, "what was read and written is not read again")
            precondition(!json.bytes.contains(0x0A) && !json.bytes.contains(0x0D), "a value was written on two lines")
        }
        switch EnvelopeScanner.scan(line.span, nestingMax: 64, batchMembersMax: 8) {
        case .notJSON(let error):
            precondition(json == nil, "the scanner refuses what the reader takes: \(error)")
            precondition((0...line.count).contains(error.offset), "an error stands outside of its line")
            checkAnswer(AnswerWriter.failure(.null, AnswerWriter.notJSON(error), requestID: "r"))
        case .refused(let error):
            precondition(json != nil, "the scanner takes what the reader refuses")
            checkAnswer(AnswerWriter.failure(.null, error, requestID: "r"))
        case .single(let envelope):
            precondition(json != nil, "the scanner takes what the reader refuses")
            check(envelope, line)
        case .batch(let envelopes):
            precondition(json?.arrayValue?.count == envelopes.count, "a batch lost a member")
            for envelope in envelopes { check(envelope, line) }
        }
    }

    private static func check(_ envelope: Envelope, _ line: [UInt8]) {
        switch envelope {
        case .response: break
        case .invalid(let id, let reason):
            checkAnswer(AnswerWriter.failure(id, AnswerWriter.invalidRequest(reason), requestID: "r"))
        case .request(let request):
            checkAnswer(AnswerWriter.success(request.id ?? .null, result: Array("{}".utf8)))
            guard case .named(let range) = request.params else { return }
            guard let params = try? JSON(parsing: line[range]) else {
                preconditionFailure("parameters that were checked cannot be read")
            }
            // Whatever the parameters are, checking and decoding them ends with a value or with named errors.
            let errors = schema.errors(in: params)
            do {
                _ = try JSONCoding.decode(Params.self, from: params, unknownMembers: .refuse)
            } catch {
                precondition(!error.fields.isEmpty, "decoding failed and names no field")
                precondition(!errors.isEmpty, "the schema takes what cannot be decoded: \(error)")
            }
        }
    }

    private static func checkAnswer(_ bytes: [UInt8]) {
        precondition(!bytes.contains(0x0A), "an answer stands on two lines")
        guard let answer = try? JSON(parsing: bytes) else { preconditionFailure("an answer is no JSON") }
        precondition((answer["result"] == nil) != (answer["error"] == nil), "an answer has one of result and error")
    }

    private struct Params: Codable {
        struct Contact: Codable { var email: String? }
        var text: String
        var count: Int?
        var at: Timestamp?
        var contacts: [Contact]?
    }

    private static let schema = JSONSchema.object([
        .required("text", .text), .optional("count", .integer), .optional("at", .timestamp),
        .optional("contacts", .array(of: .object([.optional("email", .text)]))),
    ])
}
