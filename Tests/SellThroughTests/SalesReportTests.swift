import HoldingTenant
import RequirementTags
import SellThrough
import Testing

@Suite(.requirement("D14", "D15", "D16")) struct SalesReportTests {
    static let facts = ["sale 10284417 9G2J7ET 5CG6091DFG", "sale 10284417 9G2J7ET 5CG6091DFH"]
    private let text = sampleText("report-slsrpt.edi")

    private func changed(_ from: String, _ to: String) -> Reading {
        precondition(text.contains(from))
        return Reading(.edifact, text: text.replacing(from, with: to, maxReplacements: 1))
    }

    @Test func `a SLSRPT gives its sales with their evidence`() throws {
        let reading = Reading(.edifact, text: text)
        #expect(reading.findings.isEmpty, "\(reading.findings)")
        #expect(reading.facts == Self.facts)
        let line = try #require(reading.lines.first)
        #expect(line.invoice == "FT-2026-004530")
        #expect(line.date == CalendarDate(iso: "2026-03-05"))
        #expect(line.endCustomer?.id == "EU-5521")
        #expect(line.heading.filer?.id == "5412345000013")
        #expect(line.currency == "EUR")
        #expect(line.unitPrice == "1049.5")
        #expect(reading.summary.lines == 1)
        #expect(reading.summary.devices == 2)
        #expect(reading.summary.envelope?.sender == "DISTIT01")
        #expect(reading.summary.envelope?.controlNumber == "418")
    }

    @Test(arguments: [1, 2, 5, 100]) func `how the bytes are cut into chunks does not matter`(chunk: Int) {
        #expect(Reading(.edifact, text: text, chunk: chunk).lines == Reading(.edifact, text: text).lines)
    }

    @Test func `other separators, a missing UNA and released characters are read`() {
        let other = text.replacing("UNA:+.? '", with: "UNA|*.! ~").replacing(":", with: "|").replacing("+", with: "*")
            .replacing("'\n", with: "~")
        #expect(Reading(.edifact, text: other).facts == Self.facts)
        #expect(changed("UNA:+.? '\n", "").facts == Self.facts)
        let released = changed("RFF+IV:FT-2026-004530", "RFF+IV:FT?+2026?:004?'530??")
        #expect(released.lines.first?.invoice == "FT+2026:004'530?")
    }

    @Test func `a range of serial numbers is refused, not counted out`() {
        let reading = changed("GIN+BN+5CG6091DFG+5CG6091DFH", "GIN+BN+5CG6091DFG:5CG6091DFH")
        #expect(reading.facts.isEmpty)
        #expect(reading.lines.first?.problems.first?.code == "serial.range")
    }

    @Test func `a return is one by its quantity`() {
        #expect(changed("QTY+153:2", "QTY+61:2").lines.first?.kind == .return)
        #expect(changed("QTY+153:2", "QTY+153:-2").lines.first?.kind == .return)
        #expect(changed("QTY+153:2", "QTY+145:2").lines.first?.problems.map(\.code) == ["line.not-a-sale"])
    }

    @Test(arguments: [
        ("+9'", ReportPurpose.original), ("+5'", .replace), ("+1'", .cancel), ("+7'", .duplicate),
    ])
    func `the message function is the purpose`(function: String, purpose: ReportPurpose) {
        #expect(changed("SR20260305-01+9'", "SR20260305-01\(function)").lines.first?.heading.purpose == purpose)
    }

    @Test(arguments: [
        ("UNT+17+1", "UNT+16+1", "edifact.unt.count"), ("UNZ+1+", "UNZ+2+", "edifact.unz.count"),
        ("SLSRPT:D:96A", "SLSRPT:D:97A", "edifact.message.release"), ("IMD+F", "XYZ+F", "edifact.segment.unknown"),
    ])
    func `small faults are read with a warning`(from: String, to: String, code: String) {
        let reading = changed(from, to)
        #expect(reading.facts == Self.facts)
        #expect(reading.codes == [code])
    }

    @Test(arguments: [
        ("UNT+17+1", "UNT+17+2", "edifact.unt.reference"), ("UNZ+1+418", "UNZ+1+419", "edifact.unz.reference"),
        ("UNT+17+1'\n", "", "edifact.unt.missing"), ("UNZ+1+418'\n", "", "edifact.unz.missing"),
        ("SLSRPT", "ORDERS", "edifact.message.kind"), ("UNB+", "UNX+", "edifact.unb.missing"),
    ])
    func `a message whose end does not match its beginning is not applied`(from: String, to: String, code: String) {
        let reading = changed(from, to)
        #expect(reading.facts.isEmpty)
        #expect(reading.codes.contains(code), "\(reading.codes)")
    }

    @Test func `a test interchange is marked as one`() {
        #expect(changed("260306:0615+418", "260306:0615+418++++++1").summary.isTest)
    }
}
