import Foundation
import Testing
import WorkflowKit

@testable import Postgres

/// A sequence of random numbers that a seed repeats (SplitMix64, public domain).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The seed from `HOLDFAST_SEED`, or a new one; printed, so that a failure can be repeated.
    static func announced(_ test: String = #function) -> SeededRandom {
        let seed = ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...999_999)
        print("\(test): HOLDFAST_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random values of every kind, the extremes among them.
struct ValueSource {
    var random: SeededRandom

    static let caseCount = 24

    mutating func value(_ kind: Int) -> SQLValue {
        switch kind {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .int2(integer())
        case 3: .int4(integer())
        case 4: .int8(integer())
        case 5: .float8(double())
        case 6: .numeric(numeric())
        case 7: .text(text())
        case 8: .bytes(bytes())
        case 9: .uuid(uuid())
        case 10: .timestamp(timestamp())
        case 11: .date(date())
        case 12: .json(Array("[\(integer() as Int32)]".utf8))
        case 13: .boolArray(array { .random(using: &$0.random) })
        case 14: .int2Array(array { $0.integer() })
        case 15: .int4Array(array { $0.integer() })
        case 16: .int8Array(array { $0.integer() })
        case 17: .float8Array(array { $0.double() })
        case 18: .textArray(array { $0.text() })
        case 19: .bytesArray(array { $0.bytes() })
        case 20: .uuidArray(array { $0.uuid() })
        case 21: .timestampArray(array { $0.timestamp() })
        case 22: .dateArray(array { $0.date() })
        default: .jsonArray(array { Array("[\($0.integer() as Int32)]".utf8) })
        }
    }

    private mutating func array<Element>(_ element: (inout ValueSource) -> Element) -> [Element?] {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in
            Int.random(in: 0..<4, using: &random) == 0 ? nil : element(&self)
        }
    }

    private mutating func integer<Number: FixedWidthInteger>() -> Number {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .min
        case 1: .max
        case 2: 0
        default: .random(in: .min ... .max, using: &random)
        }
    }

    private mutating func double() -> Double {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .infinity
        case 1: -.leastNonzeroMagnitude
        case 2: .greatestFiniteMagnitude
        default: .random(in: -1e9...1e9, using: &random)
        }
    }

    /// Written as PostgreSQL writes numbers, so that the text comes back as it was.
    private mutating func numeric() -> String {
        var digits = ""
        for _ in 0..<Int.random(in: 1...30, using: &random) { digits += "\(Int.random(in: 0...9, using: &random))" }
        let integer = digits.drop { $0 == "0" }
        var text = integer.isEmpty ? "0" : String(integer)
        if Bool.random(using: &random) {
            text += "."
            for _ in 0..<Int.random(in: 1...20, using: &random) { text += "\(Int.random(in: 0...9, using: &random))" }
        }
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return Bool.random(using: &random) && !isZero ? "-" + text : text
    }

    private mutating func text() -> String {
        let alphabet = ["a", "ß", "漢", "🙂", "'", "\\", "\"", "{", ",", "\n", " ", "NULL"]
        return (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            .joined()
    }

    private mutating func bytes() -> [UInt8] {
        (0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random) }
    }

    private mutating func uuid() -> UUID {
        let b = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        return UUID(
            uuid: (b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15])
        )
    }

    private mutating func timestamp() -> Timestamp {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .distantPast
        case 1: .distantFuture
        default:
            // 4713 BC to 294246: what both PostgreSQL and the type hold.
            Timestamp(
                microsecondsSince1970: .random(in: -210_866_803_200_000_000...9_223_371_000_000_000_000, using: &random)
            )
        }
    }

    private mutating func date() -> Int32 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .min
        case 1: .max
        default: .random(in: -2_440_588...2_100_000_000, using: &random)
        }
    }
}

@Suite struct CodecTests {
    @Test func `every value comes back from the server as it was sent`() async throws {
        var source = ValueSource(random: .announced())
        try await TestCluster.withConnection { connection in
            for round in 0..<400 {
                let value = source.value(round % ValueSource.caseCount)
                // A statement that is prepared and one that is not take different ways to the server.
                let statement = SQLStatement(
                    uncheckedText: value == .null ? "select $1::int8" : "select $1", name: "echo", parameters: [value],
                    isPrepared: round % 3 > 0)
                let back = try await connection.query(statement)[0][0]
                #expect(back == value, "round \(round)")
            }
        }
    }

    /// The codecs of both directions could agree on a wrong format; PostgreSQL's own text form is the judge.
    @Test(
        arguments: [
            (SQLValue.bool(true), "true"), (.int2(-2), "-2"), (.int4(70_000), "70000"), (.int8(.min), "\(Int64.min)"),
            (.float8(1.5), "1.5"), (.numeric("-00012.3400"), "-12.3400"), (.numeric("1.5e-7"), "0.00000015"),
            (.numeric("12e6"), "12000000"), (.numeric("NaN"), "NaN"), (.numeric("-Infinity"), "-Infinity"),
            (.numeric("0.00"), "0.00"), (.numeric("10000.0001"), "10000.0001"),
            (.text("é"), "é"), (.bytes([0, 255]), "\\x00ff"),
            (.uuid(UUID(uuidString: "00112233-4455-6677-8899-AABBCCDDEEFF")!), "00112233-4455-6677-8899-aabbccddeeff"),
            (.timestamp(Timestamp(microsecondsSince1970: 1_500_000)), "1970-01-01 00:00:01.5+00"),
            (.timestamp(.distantFuture), "infinity"), (.timestamp(.distantPast), "-infinity"),
            (.date(1), "1970-01-02"), (.date(.max), "infinity"), (.json(Array("{\"a\": 1}".utf8)), "{\"a\": 1}"),
            (.int4Array([1, nil, 3]), "{1,NULL,3}"), (.textArray([]), "{}"),
            (.textArray(["a,b", ""]), "{\"a,b\",\"\"}"),
            (.dateArray([0]), "{1970-01-01}"), (.boolArray([false]), "{f}"),
            (.timestampArray([Timestamp(microsecondsSince1970: 0)]), "{\"1970-01-01 00:00:00+00\"}"),
        ] as [(SQLValue, String)])
    func `the server reads what was meant`(value: SQLValue, text: String) async throws {
        try await TestCluster.withConnection { connection in
            try await connection.simple("set timezone to 'UTC'")
            let row = try await connection.query(SQLStatement("select $1::text as text", value))[0]
            #expect(try row.text("text") == text)
        }
    }

    @Test(arguments: ["", "-", "1.2.3", "12a", "1e", "١", "0x10", "1e999999", " 1"])
    func `a text that is no number is refused as numeric without being repeated`(text: String) {
        let error = #expect(throws: SQLError.self) { try Parameters([.numeric(text)]) }
        #expect(error?.kind == .rejected)
        #expect(text.count < 3 || error?.message.contains(text) == false)
    }

    @Test func `types that have no value are named instead of being misread`() async throws {
        try await TestCluster.withConnection { connection in
            let error = await #expect(throws: SQLError.self) {
                try await connection.query(SQLStatement("select interval '1 day' as \"wait\""))
            }
            #expect(error?.kind == .defect)
            #expect(error?.message.contains("\"wait\"") == true)
        }
    }

    @Test func `related types are read as the nearest value`() async throws {
        let row = try await TestCluster.withConnection { connection in
            try await connection.query(
                SQLStatement(
                    """
                    select 'a'::varchar(3), 'b'::char(2), 'c'::name, 'd'::"char", 7::oid, 1.5::float4,
                        '{"a":1}'::json, array['x']::varchar[], pg_notify('nobody', '')
                    """))[0]
        }
        #expect(
            row.values == [
                .text("a"), .text("b "), .text("c"), .text("d"), .int8(7), .float8(1.5), .json(Array("{\"a\":1}".utf8)),
                .textArray(["x"]), .null,
            ])
    }

    /// A server that sends nonsense, or a libpq that is not what it seems, must not make the process read beyond.
    @Test func `a cell that ends early or late is an error and not a crash`() {
        var random = SeededRandom.announced()
        let types: [TypeOID] = [
            .bool, .int2, .int4, .int8, .float8, .numeric, .uuid, .timestamptz, .date, .jsonb, .int4Array, .textArray,
            .jsonbArray, .byteaArray,
        ]
        var failures = 0
        for round in 0..<20_000 {
            let cell = (0..<Int.random(in: 0...40, using: &random)).map { index in
                // Small numbers make headers that look sound.
                Int.random(in: 0..<3, using: &random) > 0 ? 0 : UInt8.random(in: 0...255, using: &random)
            }
            unsafe cell.withUnsafeBufferPointer { cell in
                var reader = unsafe CellReader(cell: cell)
                if (try? SQLValue(decoding: &reader, as: types[round % types.count])) == nil { failures += 1 }
            }
        }
        #expect(failures > 10_000)
    }
}
