import Foundation
import Testing
import WorkflowKit

@Suite struct TimestampRFC3339Tests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-03-01T09:30:00.250Z", 1_772_357_400_250_000),
            ("2026-03-01T10:30:00.250+01:00", 1_772_357_400_250_000), ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-02-29t00:00:00z", 951_782_400_000_000), ("1972-06-30T23:59:60Z", 78_796_800_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ] as [(String, Int64)])
    func `a time is read in its offset`(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microsecondsSince1970 == microseconds)
    }

    @Test(arguments: [
        "", "2026-03-01", "2026-03-01T09:30:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T09:30:00.Z", "2026-03-01T09:30:00Z ", "2026-03-01T09:30:00+0100",
        "2026-3-01T09:30:00Z", "2026-03-01T09:30:61Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `milliseconds are cut, microseconds kept`() {
        let time = Timestamp(microsecondsSince1970: -1)
        #expect(time.rfc3339() == "1969-12-31T23:59:59.999Z")
        #expect(time.rfc3339(.microseconds) == "1969-12-31T23:59:59.999999Z")
    }

    @Test func `writing and reading any time gives it back, as another calendar has it`() throws {
        let seed = randomSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
            let time = Timestamp(microsecondsSince1970: .random(in: range, using: &random))
            #expect(Timestamp(rfc3339: time.rfc3339(.microseconds)) == time, "seed \(seed)")
        }
        let date = Date(timeIntervalSince1970: 4_107_542_399)
        #expect(
            Timestamp(microsecondsSince1970: 4_107_542_399_000_000).rfc3339()
                == date.formatted(.iso8601).dropLast() + ".000Z")
    }
}
