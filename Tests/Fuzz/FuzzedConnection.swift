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

    /// What kinds of input were met, so that a fuzzer that never gets past the first brace is seen to do nothing.
    package struct Reached {
        package var lines = 0
        package var refusedAsNoJSON = 0
        package var refusedBatches = 0
        package var batches = 0
        package var responses = 0
        package var invalidRequests = 0
        package var notifications = 0
        package var requests = 0
        package var namedParams = 0
        package var acceptedParams = 0
    }

    /// libFuzzer calls from one thread only.
    package nonisolated(unsafe) private(set) static var reached = Reached()

    /// Scans one line as the server does.
    package static func check(_ line: [UInt8]) {
        reached.lines += 1
        let json = try? JSON(parsing: line)
        if let json {
            precondition((try? JSON(parsing: json.bytes)) == json, "what was read and written is not read again")
            precondition(!json.bytes.contains(0x0A) && !json.bytes.contains(0x0D), "a value was written on two lines")
        }
        let scanned = scan(line)
        precondition(scan(line) == scanned, "the same line is read in two ways")
        switch scanned {
        case .notJSON(let error):
            reached.refusedAsNoJSON += 1
            precondition(json == nil, "the scanner refuses what the reader takes: \(error)")
            precondition((0...line.count).contains(error.offset), "an error stands outside of its line")
            checkAnswer(AnswerWriter.failure(.null, AnswerWriter.notJSON(error), requestID: "r"))
        case .refused(let error):
            reached.refusedBatches += 1
            precondition(json != nil, "the scanner takes what the reader refuses")
            checkAnswer(AnswerWriter.failure(.null, error, requestID: "r"))
        case .single(let envelope):
            guard let json else { preconditionFailure("the scanner takes what the reader refuses") }
            check(envelope, of: json, line)
        case .batch(let envelopes):
            reached.batches += 1
            precondition(json?.arrayValue?.count == envelopes.count, "a batch lost a member")
            for (envelope, member) in zip(envelopes, json?.arrayValue ?? []) { check(envelope, of: member, line) }
        }
    }

    private static func scan(_ line: [UInt8]) -> ScannedLine {
        EnvelopeScanner.scan(line.span, nestingMax: 64, batchMembersMax: 8)
    }

    /// Compares one message as the scanner sees it with the same message as the reader does.
    private static func check(_ envelope: Envelope, of json: JSON, _ line: [UInt8]) {
        switch envelope {
        case .response:
            reached.responses += 1
            precondition(json["method"] == nil, "a request was taken for a response")
        case .invalid(let id, let reason):
            reached.invalidRequests += 1
            checkID(id, of: json, line)
            checkAnswer(AnswerWriter.failure(id, AnswerWriter.invalidRequest(reason), requestID: "r"), id)
        case .request(let request):
            if request.id == nil { reached.notifications += 1 } else { reached.requests += 1 }
            precondition(json["jsonrpc"] == "2.0" && json["method"] == .string(request.method), "another request")
            precondition((request.id == nil) == (json["id"] == nil), "a notification is a member without an id")
            if let id = request.id { checkID(id, of: json, line) }
            checkAnswer(AnswerWriter.success(request.id ?? .null, result: Array("{}".utf8)), request.id ?? .null)
            checkAgain(request, line)
            guard case .named(let range) = request.params else { return }
            reached.namedParams += 1
            guard let params = try? JSON(parsing: line[range]) else {
                preconditionFailure("parameters that were checked cannot be read")
            }
            precondition(json["params"] == params, "other parameters than those that were sent")
            // Whatever the parameters are, checking and decoding them ends with a value or with named errors.
            let errors = schema.errors(in: params)
            do {
                _ = try JSONCoding.decode(Params.self, from: params, unknownMembers: .refuse)
                reached.acceptedParams += 1
            } catch {
                precondition(!error.fields.isEmpty, "decoding failed and names no field")
                precondition(!errors.isEmpty, "the schema takes what cannot be decoded: \(error)")
            }
        }
    }

    /// An id is the client's own bytes, or null where it could not be read.
    private static func checkID(_ id: RequestID, of json: JSON, _ line: [UInt8]) {
        guard let sent = json["id"] else { return precondition(id == .null, "an id that nobody sent") }
        switch sent {
        case .string, .number, .null:
            precondition((try? JSON(parsing: id.spelling)) == sent, "an id is another than was sent")
            precondition(contains(line, id.spelling), "an id is spelled in another way than it was sent")
        default:
            precondition(id == .null, "an id that is none is echoed")
        }
    }

    /// A request that was accepted, written anew from its parts, is the same request.
    private static func checkAgain(_ request: Envelope.Request, _ line: [UInt8]) {
        var again = Array(#"{"jsonrpc":"2.0","#.utf8)
        if let id = request.id { again += Array(#""id":"#.utf8) + id.spelling + [UInt8(ascii: ",")] }
        again += Array(#""method":"#.utf8) + JSON.string(request.method).bytes
        switch request.params {
        case .none: break
        case .named(let range): again += Array(#","params":"#.utf8) + line[range]
        case .positional: again += Array(#","params":[1]"#.utf8)
        }
        again.append(UInt8(ascii: "}"))
        guard case .single(.request(let second)) = scan(again) else {
            preconditionFailure("a request that was accepted is refused when it comes again")
        }
        precondition(second.id == request.id && second.method == request.method, "a request changes when written anew")
        switch (request.params, second.params) {
        case (.none, .none), (.positional, .positional): break
        case (.named(let first), .named(let later)):
            precondition(line[first] == again[later], "parameters change when a request is written anew")
        default: preconditionFailure("parameters change their kind when a request is written anew")
        }
    }

    private static func contains(_ line: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= line.count else { return false }
        return (0...line.count - part.count).contains { line[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// - Parameter id: Stands in the answer to the byte, behind the version.
    private static func checkAnswer(_ bytes: [UInt8], _ id: RequestID = .null) {
        precondition(!bytes.contains(0x0A), "an answer stands on two lines")
        let start = Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id.spelling + [UInt8(ascii: ",")]
        precondition(bytes.starts(with: start), "an answer does not repeat its id to the byte")
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
