import Testing
import WorkflowKit

@testable import RPCServer

@Suite struct EnvelopeScannerTests {
    func scan(_ text: String, batch: Int = 3) -> ScannedLine {
        EnvelopeScanner.scan(Array(text.utf8).span, nestingMax: 64, batchMembersMax: batch)
    }

    func request(_ text: String) -> Envelope.Request? {
        guard case .single(.request(let request)) = scan(text) else { return nil }
        return request
    }

    func invalid(_ text: String) -> (id: String, reason: String)? {
        guard case .single(.invalid(let id, let reason)) = scan(text) else { return nil }
        return (String(decoding: id.spelling, as: UTF8.self), reason)
    }

    @Test(arguments: ["1", "-1.50e+3", "12345678901234567890123", "\"a\\u0041\"", "null", "\"\"", "0.0"])
    func `an id is kept as it is spelled`(id: String) {
        let found = request(#"{"jsonrpc":"2.0","id": \#(id) ,"method":"m"}"#)?.id?.spelling
        #expect(found == Array(id.utf8))
    }

    @Test func `without an id it is a notification`() {
        #expect(request(#"{"jsonrpc":"2.0","method":"m"}"#) == .init(id: nil, method: "m", params: .none))
    }

    @Test(arguments: [
        (#""params":null"#, Envelope.Params.none), (#""params":[ ]"#, .none), (#""params":[1]"#, .positional),
        (#""params": {"a":1}"#, .named(40..<47)), (#""other":1"#, .none),
    ])
    func `parameters are found and not looked into`(member: String, params: Envelope.Params) {
        #expect(request(#"{"jsonrpc":"2.0","method":"m",\#(member)}"#)?.params == params)
    }

    @Test func `escapes in names count as what they stand for`() {
        #expect(request(#"{"jsonrpc":"2.0","\u006dethod":"a\u002eb"}"#)?.method == "a.b")
    }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, "null"), (#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, "null"),
        (#"{"id":7,"method":"m"}"#, "7"), (#"{"jsonrpc":2.0,"id":7,"method":"m"}"#, "7"),
        (#"{"jsonrpc":"1.0","id":7,"method":"m"}"#, "7"), (#"{"jsonrpc":"2.0","id":7}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":1}"#, "7"), (#"{"jsonrpc":"2.0","id":7,"method":"m","params":1}"#, "7"),
        (#"{"jsonrpc":"2.0","id":7,"method":"m","parms":{}}"#, "7"), ("{}", "null"), ("1", "null"),
        ("\"help\"", "null"),
    ])
    func `what is JSON but no request is invalid, with the id if it can be read`(text: String, id: String) {
        #expect(invalid(text)?.id == id)
    }

    @Test func `a misspelled member is named`() {
        #expect(invalid(#"{"jsonrpc":"2.0","id":7,"method":"m","param":{}}"#)?.reason.contains("\"params\"") == true)
    }

    @Test(arguments: [#"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#])
    func `a response is nothing to answer`(text: String) {
        #expect(scan(text) == .single(.response))
    }

    @Test func `a batch is taken apart, whatever its members are`() {
        guard case .batch(let members) = scan(#"[{"jsonrpc":"2.0","method":"m"},1,[]]"#) else {
            Issue.record("this is a batch")
            return
        }
        #expect(members.count == 3)
        #expect(members[0] == .request(.init(id: nil, method: "m", params: .none)))
        #expect(members[1] == .invalid(.null, reason: "A request is a JSON object."))
    }

    @Test func `an empty batch and one that is too large are one error each`() {
        guard case .refused(let empty) = scan("[ ]"), case .refused(let large) = scan("[1,2,3,4]") else {
            Issue.record("both are refused")
            return
        }
        #expect(empty.type == "request.invalid")
        #expect(large.type == "batch.tooLarge")
    }

    @Test(arguments: [
        "[1,2,3,4", #"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1,"a":2}}"#,
        #"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#, #"{"jsonrpc":"2.0","id":1,"method":"m"} x"#, "help",
        "\u{feff}{}", #"{"a":NaN}"#, #"{"a":"\ud800"}"#,
    ])
    func `a line that is no JSON anywhere is no JSON`(text: String) {
        guard case .notJSON = scan(text) else {
            Issue.record("\(text) was taken")
            return
        }
    }

    @Test func `nesting is counted from the outermost value of the line`() {
        func line(_ depth: Int) -> String {
            let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return #"{"jsonrpc":"2.0","method":"m","params":{"a":\#(deep)}}"#
        }
        #expect(request(line(62)) != nil)
        #expect(scan(line(63)) == .notJSON(JSONError(.tooDeep(limit: 64), offset: 106)))
    }
}
