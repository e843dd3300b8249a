import Testing
import WorkflowKit

@Suite struct JSONParsingTests {
    @Test func `every kind of value is read`() throws {
        let json = try JSON(parsing: #" {"a":[1,-2.50,true,false,null,"x"],"b":{}} "#)

        #expect(json["a"]?[0] == 1)
        #expect(json["a"]?[1] == .number(try #require(JSONNumber(spelling: "-2.50"))))
        #expect(json["a"]?.arrayValue?.suffix(4) == [true, false, nil, "x"])
        #expect(json["b"] == [:])
        #expect(json["c"] == nil)
    }

    @Test func `escapes and surrogate pairs become their characters`() throws {
        #expect(
            try JSON(parsing: #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00""#)
                == .string("\"\\/\u{8}\u{c}\n\r\tAé€😀"))
    }

    @Test(arguments: [
        ("", JSONError.Reason.unexpectedEnd, 0),
        ("[1,]", .trailingComma, 3),
        (#"{"a":1,}"#, .trailingComma, 7),
        (#"{"a":1,"\u0061":2}"#, .duplicateKey("a"), 7),
        ("1 2", .trailingBytes, 2),
        ("[01]", .leadingZero, 1),
        ("-", .unexpectedEnd, 1),
        ("1.", .unexpectedEnd, 2),
        ("1.e5", .invalidNumber, 2),
        ("NaN", .unexpectedByte(UInt8(ascii: "N")), 0),
        ("\"\t\"", .controlCharacter(9), 1),
        (#""\x""#, .invalidEscape, 1),
        (#""\ud800""#, .loneSurrogate, 1),
        (#""\udc00""#, .loneSurrogate, 1),
        (#""\ud800\u0041""#, .loneSurrogate, 1),
        ("tru", .unexpectedEnd, 3),
        (#"{"a" 1}"#, .unexpectedByte(UInt8(ascii: "1")), 5),
    ])
    func `what RFC 8259 forbids is refused with its reason and place`(
        text: String, reason: JSONError.Reason, offset: Int
    ) {
        #expect(throws: JSONError(reason, offset: offset)) { try JSON(parsing: text) }
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0x80], [0xC3], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]])
    func `bytes that are no UTF-8 are refused`(sequence: [UInt8]) {
        #expect(throws: JSONError(.invalidUTF8, offset: 1)) {
            try JSON(parsing: [0x22] + sequence + [0x22])
        }
    }

    @Test(arguments: [[0xEF, 0xBB, 0xBF, 0x31], [0xFE, 0xFF, 0, 0x31], [0xFF, 0xFE, 0x31, 0]] as [[UInt8]])
    func `a byte-order mark is refused`(text: [UInt8]) {
        #expect(throws: JSONError(.byteOrderMark, offset: 0)) { try JSON(parsing: text) }
    }

    @Test func `nesting counts from the outermost value`() throws {
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try JSON(parsing: deepest)
        #expect(throws: JSONError(.tooDeep(limit: 64), offset: 64)) { try JSON(parsing: "[\(deepest)]") }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }

    @Test func `equal keys are found among many`() throws {
        let members = (0..<5_000).map { "\"k\($0)\":\($0)" }
        let json = try JSON(parsing: "{\(members.joined(separator: ","))}")
        #expect(json["k4999"] == 4_999)
        #expect(throws: JSONError.self) { try JSON(parsing: "{\((members + ["\"k17\":0"]).joined(separator: ","))}") }
    }

    @Test func `skipping a value and reading it agree on what is JSON`() {
        let seed = randomSeed()
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]:,"\u0aé01.-eE+ tfnrls"#.utf8) + [0xED, 0xF0]
        var accepted = 0
        for _ in 0..<200_000 {
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            let read = Result { try JSON(parsing: text) }
            let skipped = Result { () throws(JSONError) in
                var reader = JSONReader(limits: .default)
                try reader.refuseByteOrderMark(text.span)
                try reader.skipValue(text.span)
                try reader.expectEnd(text.span)
            }
            switch (read, skipped) {
            case (.success(let json), .success):
                accepted += 1
                #expect((try? JSON(parsing: json.bytes)) == json, "seed \(seed), \(text)")
            case (.failure(let left), .failure(let right)):
                #expect(left as? JSONError == right, "seed \(seed), \(text)")
            default:
                Issue.record("seed \(seed): only one of the two takes \(text)")
            }
        }
        #expect(accepted > 100)
    }
}
