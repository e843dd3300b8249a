internal import WorkflowKit

/// Writes answers, each on one line.
enum AnswerWriter {
    private static let prefix = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
    private static let result = Array(#","result":"#.utf8)
    private static let error = Array(#","error":"#.utf8)
    private static let end = Array("}".utf8)

    /// A line that works, for whoever sent one that is no JSON.
    static let exampleLine = #"{"jsonrpc":"2.0","id":1,"method":"system.ping"}"#

    /// The answer to `id` without the line's end; `result` is the text of an object.
    static func success(_ id: RequestID, result text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(successBytes(id, result: text))
        success(id, result: text) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// How long such an answer is.
    static func successBytes(_ id: RequestID, result text: [UInt8]) -> Int {
        prefix.count + id.spelling.count + result.count + text.count + end.count
    }

    /// Hands such an answer to `write`, piece by piece.
    static func success(_ id: RequestID, result text: [UInt8], write: ([UInt8]) -> Void) {
        write(prefix)
        write(id.spelling)
        write(result)
        write(text)
        write(end)
    }

    static func failure(_ id: RequestID, _ failure: RPCError, requestID: String) -> [UInt8] {
        var bytes = prefix
        bytes.append(contentsOf: id.spelling)
        bytes.append(contentsOf: error)
        object(failure, requestID: requestID).write(into: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// The error object of `failure`.
    static func object(_ failure: RPCError, requestID: String) -> JSON {
        var data: JSONObject = [
            "type": .string(failure.type), "retryable": .bool(failure.isRetryable),
            "applied": failure.code == .outcomeUnknown ? "unknown" : "no",
        ]
        if let retryAfter = failure.retryAfter { data["retryAfterMs"] = .int(max(retryAfter.milliseconds, 1)) }
        if let detail = failure.detail { data["detail"] = detail }
        if !failure.fields.isEmpty {
            data["fields"] = .array(failure.fields.map { ["path": .string($0.path), "message": .string($0.message)] })
        }
        data["requestId"] = .string(requestID)
        return ["code": .int(failure.code.rawValue), "message": .string(failure.message), "data": .object(data)]
    }

    static func notJSON(_ error: JSONError) -> RPCError {
        RPCError(
            .notJSON, type: "json.invalid",
            "The line is not JSON: \(error). A request is one line such as \(exampleLine)")
    }

    static func invalidRequest(_ reason: String) -> RPCError {
        RPCError(.invalidRequest, type: "request.invalid", reason)
    }

    static func lineTooLong(lineBytesMax: Int) -> RPCError {
        RPCError(
            .invalidRequest, type: "line.tooLong",
            "A line has at most \(lineBytesMax) bytes; the connection is closed.")
    }

    static func resultTooLarge(_ bytes: Int, lineBytesMax: Int) -> RPCError {
        RPCError(
            .tooLarge, type: "result.tooLarge",
            "The answer has \(bytes) bytes, more than the \(lineBytesMax) of a line; ask for more with \"maxLineBytes\" in session.open."
        )
    }
}
