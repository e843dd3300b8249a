import HoldingTenant
import RequirementTags
import SellThrough
import Testing

/// Changes sample files at random: each change is either told, with its place, or changes nothing that is lost.
@Suite(.requirement("C12", "C17")) struct MutationTests {
    private static let rounds = 1_500

    @Test(arguments: [
        ("report-867.x12", ReportFormat.x12), ("report-slsrpt.edi", .edifact), ("report-pos.csv", .csv),
    ])
    func `no change of a file loses a serial number without a word`(name: String, format: ReportFormat) {
        var generator = SeededGenerator(seed: testSeed("mutations of \(name)"))
        let original = sample(name)
        let expected = Reading(format, original).facts.count
        for round in 0..<Self.rounds {
            var bytes = original
            let what = Self.mutate(&bytes, &generator)
            let reading = Reading(format, bytes, chunk: Int.random(in: 1...2_000, using: &generator))
            let told = reading.findings + reading.lines.flatMap(\.problems)
            let unread = reading.lines.flatMap(\.serials).contains { $0.serial == nil }
            // Nothing in a flat file tells that whole rows are missing at its end.
            if format == .csv, original.starts(with: bytes), Self.endsRow(bytes, of: original) { continue }
            if reading.facts.count < expected {
                #expect(!told.isEmpty || unread, "round \(round): \(what) lost a serial number silently")
            }
            for finding in told {
                #expect(finding.position.line >= 1)
                #expect(!finding.message.isEmpty && !finding.fix.isEmpty)
                #expect(finding.position.line <= bytes.count + 1)
            }
        }
    }

    private static func endsRow(_ bytes: [UInt8], of original: [UInt8]) -> Bool {
        bytes.last == UInt8(ascii: "\n") || original.dropFirst(bytes.count).first == UInt8(ascii: "\r")
    }

    /// One change; says which.
    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) -> String {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0:
            bytes.remove(at: place)
            return "removing byte \(place)"
        case 1:
            bytes[place] = UInt8.random(in: 0 ... .max, using: &generator)
            return "byte \(place) = \(bytes[place])"
        case 2:
            bytes.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
            return "inserting \(bytes[place]) at \(place)"
        case 3:
            bytes.removeSubrange(place...)
            return "cutting off at \(place)"
        case 4:
            let end = min(bytes.count, place + Int.random(in: 1...60, using: &generator))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
            return "repeating \(place)..<\(end)"
        case 5:
            let other = Int.random(in: 0..<bytes.count, using: &generator)
            bytes.swapAt(place, other)
            return "exchanging \(place) and \(other)"
        default:
            let signs = Array("*~+:'?;,|\"\n\r >\u{0}".utf8)
            bytes[place] = signs.randomElement(using: &generator)!
            return "byte \(place) = \(bytes[place])"
        }
    }

    @Test func `an 867 in any other separators says the same`() {
        var generator = SeededGenerator(seed: testSeed("separators of an 867"))
        let text = sampleText("report-867.x12")
        let expected = Reading(.x12, text: text).lines
        let signs = Array("!#$%&()*+/;<=>?@[]^_{|}~\u{1C}\u{1D}\u{1E}\u{1F}").filter { !text.dropLast().contains($0) }
        for _ in 0..<200 {
            let chosen = signs.shuffled(using: &generator).prefix(3).map(String.init)
            let changed = text.replacing(">~", with: "\u{1}~").replacing("*", with: chosen[0])
                .replacing("\u{1}", with: chosen[1]).replacing("~", with: chosen[2])
            let reading = Reading(.x12, text: changed)
            #expect(reading.lines == expected, "\(chosen)")
            #expect(reading.findings.isEmpty, "\(chosen): \(reading.findings)")
        }
    }
}
