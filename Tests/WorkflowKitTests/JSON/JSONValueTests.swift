import Testing
import WorkflowKit

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1.0", 1), ("1e2", 100), ("1.50E+1", 15), ("-120e-1", -12), ("0.0e999999999999", 0),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775808", nil), ("0.5", nil), ("1e19", nil), ("1e-1", nil), ("1e99999999999999999999", nil),
        ] as [(String, Int64?)])
    func `a number is a whole one by its value and keeps its spelling`(text: String, value: Int64?) throws {
        let number = try #require(JSONNumber(spelling: text))
        #expect(number.int64 == value)
        #expect(number.spelling == text)
        #expect(JSON.number(number).text == text)
    }

    @Test(arguments: ["", "+1", "01", "1.", ".5", "1e", "0x1", "Infinity", "1 ", " 1", "true"])
    func `what is no number has no spelling`(text: String) {
        #expect(JSONNumber(spelling: text) == nil)
    }

    @Test func `a number beyond a double is no double`() throws {
        #expect(try JSON(parsing: "1e400").doubleValue == nil)
        #expect(try JSON(parsing: "2.5e-3").doubleValue == 0.0025)
    }

    @Test func `members keep their order and objects are equal without it`() throws {
        let left = try JSON(parsing: #"{"b":1,"a":2}"#)
        #expect(left.text == #"{"b":1,"a":2}"#)
        #expect(left == ["a": 2, "b": 1])
        #expect(left.hashValue == (["a": 2, "b": 1] as JSON).hashValue)
        #expect(left != ["a": 2, "b": 2])
    }

    @Test func `members are replaced in place, added at the end, and removed`() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        #expect(JSON.object(object).text == #"{"a":3,"c":4}"#)
    }

    @Test func `a large object finds its members after one was removed`() {
        var object = JSONObject()
        for index in 0..<100 { object["k\(index)"] = .int(index) }
        object["k3"] = nil
        #expect(object["k3"] == nil)
        #expect(object["k99"] == 99)
        #expect(object.count == 99)
    }

    @Test func `a text is written on one line whatever it holds`() throws {
        let text = "a\"\\\n\r\t\u{0}\u{1f}\u{85}\u{2028}\u{2029}é😀/"
        let written = JSON.string(text).text
        #expect(written == #""a\"\\\n\r\t\u0000\u001f\u0085\u2028\u2029é😀/""#)
        #expect(try JSON(parsing: written) == .string(text))
    }

    @Test func `equal keys in a literal are a programming error`() async {
        await #expect(processExitsWith: .failure) {
            let json: JSON = ["a": 1, "a": 2]
            print(json)
        }
    }
}

@Suite struct SafeIntegerTests {
    @Test func `whole numbers beyond 2^53 become text for clients, wherever they stand`() throws {
        let value = try JSON(
            parsing: """
                {"a":[9007199254740992,9007199254740993,-9007199254740993,1.5,1e300],"b":{"c":123456789012345678901234567890}}
                """)
        #expect(
            try JSONCoding.encodeForClients(value).text == """
                {"a":[9007199254740992,"9007199254740993","-9007199254740993",1.5,1e300],"b":{"c":"123456789012345678901234567890"}}
                """)
        #expect(try JSONCoding.encode(value) == value)
    }
}
