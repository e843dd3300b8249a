import HoldingTenant
import RequirementTags
import SellThrough
import Testing
import WorkflowKit

@Suite struct AcknowledgementTests {
    /// 2026-03-05T06:17:00Z
    private let envelope = AcknowledgementEnvelope(
        controlNumber: 12, writtenAt: Timestamp(microsecondsSince1970: 1_772_691_420_000_000))
    private let text = sampleText("report-867.x12")

    private func read(_ from: String = "", _ to: String = "") throws -> X12InterchangeResult {
        let changed = from.isEmpty ? text : text.replacing(from, with: to, maxReplacements: 1)
        precondition(from.isEmpty || changed != text)
        return try #require(Reading(.x12, text: changed).summary.interchanges.first)
    }

    private func segments(_ text: String?) -> [String] {
        (text ?? "").split(separator: "~\n").map(String.init)
    }

    @Test func `a TA1 is an interchange of its own, back to the sender`() throws {
        let written = segments(X12Acknowledgements.ta1(for: try read(), envelope: envelope))
        #expect(
            written == [
                "ISA*00*          *00*          *ZZ*HPE2OPEN       *ZZ*DISTIT01       *260305*0617*U*00401*000000012*0*P*>",
                "TA1*000000417*260305*0615*A*000", "IEA*0*000000012",
            ])
        #expect(written[0].utf8.count == 105)
    }

    @Test(arguments: [
        ("IEA*1*000000417", "IEA*1*000000418", "R*001"), ("IEA*1*", "IEA*2*", "E*021"),
        ("*0*P*", "*0*X*", "R*020"), ("*260305*0615*U", "*2603*0615*U", "E*014"),
    ])
    func `a TA1 tells what is wrong with the envelope`(from: String, to: String, expected: String) throws {
        let written = segments(X12Acknowledgements.ta1(for: try read(from, to), envelope: envelope))
        #expect(written[1].hasSuffix("*\(expected)"))
    }

    @Test func `a control number that was used for other bytes is refused with note 025`() throws {
        let written = segments(X12Acknowledgements.ta1(for: try read(), duplicate: true, envelope: envelope))
        #expect(written[1] == "TA1*000000417*260305*0615*R*025")
    }

    @Test func `a 997 accepts a set without faults`() throws {
        let written = segments(X12Acknowledgements.functional(for: try read(), envelope: envelope))
        #expect(
            Array(written.dropFirst()) == [
                "GS*FA*HPE2OPEN*DISTIT01*20260305*0617*12*X*004010", "ST*997*0001", "AK1*PT*417", "AK2*867*0001",
                "AK5*A", "AK9*A*1*1*1", "SE*6*0001", "GE*1*12", "IEA*1*000000012",
            ])
    }

    @Test func `a 997 points at the segment and the element`() throws {
        let result = try read("REF*SE*5CG6081BCF", "REF*SE*\(String(repeating: "5CG6081BCF", count: 4))")
        let written = segments(X12Acknowledgements.functional(for: result, envelope: envelope))
        #expect(
            Array(written.dropFirst(2).dropLast(2)) == [
                "ST*997*0001", "AK1*PT*417", "AK2*867*0001", "AK3*REF*22**8", "AK4*2*127*5", "AK5*R*5",
                "AK9*R*1*1*0", "SE*8*0001",
            ])
    }

    /// The codes that public X12 readers give for the same faults.
    @Test(arguments: [
        ("SE*37*", "SE*99*", "AK5*E*4", "AK9*E*1*1*1"), ("SE*37*0001", "SE*37*0009", "AK5*R*3", "AK9*R*1*1*0"),
        ("GE*1*", "GE*7*", "AK5*A", "AK9*E*7*1*1*5"), ("GE*1*417", "GE*1*9", "AK5*A", "AK9*R*1*1*0*4"),
    ])
    func `a 997 carries the usual codes`(from: String, to: String, set: String, group: String) throws {
        let written = segments(X12Acknowledgements.functional(for: try read(from, to), envelope: envelope))
        #expect(written.contains(set), "\(written)")
        #expect(written.contains(group), "\(written)")
    }

    @Test func `nothing of a rejected interchange is acknowledged by a 997, and no 997 by another`() throws {
        #expect(X12Acknowledgements.functional(for: try read("IEA*1*0", "IEA*1*9"), envelope: envelope) == nil)
        let ours = try #require(X12Acknowledgements.functional(for: try read(), envelope: envelope))
        let back = Reading(.x12, text: ours)
        #expect(back.summary.interchanges.first?.status == .accepted)
        #expect(back.codes == ["x12.set.acknowledgement"])
        let result = try #require(back.summary.interchanges.first)
        #expect(X12Acknowledgements.functional(for: result, envelope: envelope) == nil)
    }

    @Test func `an 824 names invoice, serial number, segment and element`() throws {
        let result = try read()
        let group = try #require(result.groups.first)
        let outcome = ApplicationAdvice.SetOutcome(
            set: try #require(group.sets.first), group: group, reportID: "POS20260304-01", accepted: 4,
            items: [
                ApplicationAdvice.Item(
                    invoice: "FT-2026-004417", serial: "5CG6081BCF", message: "serial already attributed",
                    position: SourcePosition(line: 24, segment: "REF", ordinal: 22, element: 2), isRejected: true)
            ])
        let written = segments(
            ApplicationAdvice.write(
                [outcome], answering: result, senderName: "DISTRIBUZIONE ALFA SPA", envelope: envelope))
        #expect(
            Array(written.dropFirst()) == [
                "GS*AG*HPE2OPEN*DISTIT01*20260305*0617*12*X*004010", "ST*824*0001", "BGN*11*AA-000417-1*20260305*0617",
                "N1*TO*DISTRIBUZIONE ALFA SPA*92*DISTIT01",
                "OTI*TE*IV*FT-2026-004417*DISTIT01*HPE2OPEN*20260305*0615*417*0001*867*004010", "REF*SE*5CG6081BCF",
                "TED*ZZZ*SERIAL ALREADY ATTRIBUTED*REF*22*2**5CG6081BCF", "SE*7*0001", "GE*1*12", "IEA*1*000000012",
            ])
    }

    @Test func `an 824 says accepted, and says how much it leaves out`() throws {
        let result = try read()
        let group = try #require(result.groups.first)
        let set = try #require(group.sets.first)
        func write(_ items: [ApplicationAdvice.Item], accepted: Int) -> [String] {
            segments(
                ApplicationAdvice.write(
                    [.init(set: set, group: group, reportID: "R*1~", accepted: accepted, items: items)],
                    answering: result, senderName: nil, envelope: envelope))
        }
        #expect(write([], accepted: 5).contains { $0.hasPrefix("OTI*TA*TN*R 1 *") }, "separators are kept out")
        let item = ApplicationAdvice.Item(
            invoice: nil, serial: "5CG6081BCF", message: "x", position: SourcePosition(line: 1), isRejected: true)
        let many = write(Array(repeating: item, count: 103), accepted: 0)
        #expect(many.contains("TED*ZZZ*3 MORE - SEE THE LINES OF THE REPORT"))
        #expect(many.contains { $0.hasPrefix("OTI*TR*TN*") })
        #expect(many.joined(separator: "~\n").utf8.count < 30_000)
    }

    @Test func `the same bytes are a replay, other bytes under the same number a conflict`() {
        let earlier = DuplicateRules.Earlier(reportID: "r1", digest: [1], controlNumber: "000000417")
        func judge(_ digest: [UInt8], _ control: String?) -> DuplicateRules.Verdict {
            DuplicateRules.judge(digest: digest, controlNumber: control, earlier: [earlier])
        }
        #expect(judge([1], "417") == .replay(reportID: "r1"))
        #expect(judge([2], "417") == .conflict(reportID: "r1"))
        #expect(judge([2], "418") == .new)
        #expect(judge([2], nil) == .new)
    }
}
