import HoldingTenant
import RequirementTags
import SellThrough
import Testing

@Suite(.requirement("D14", "D15", "D16")) struct X12ReaderTests {
    static let facts = [
        "sale 10284417 9G2J7ET 5CG6081BCD", "sale 10284417 9G2J7ET 5CG6081BCF",
        "sale 10284417 U04RYE=premium-plus 5CG6081BCD", "sale 10284417 U04RYE=premium-plus 5CG6081BCF",
        "return 10284417 9G2J7ET 5CG6080XYZ",
    ]

    private let text = sampleText("report-867.x12")

    private func changed(_ from: String, _ to: String) -> Reading {
        precondition(text.contains(from))
        return Reading(.x12, text: text.replacing(from, with: to, maxReplacements: 1))
    }

    @Test func `an 867 gives its sales, covers and returns with their evidence`() throws {
        let reading = Reading(.x12, text: text)
        #expect(reading.findings.isEmpty, "\(reading.findings)")
        #expect(reading.facts == Self.facts)
        #expect(reading.summary.lines == 3)
        #expect(reading.summary.devices == 2, "a care pack is no device, and a return is no sale")
        let first = try #require(reading.lines.first)
        #expect(first.invoice == "FT-2026-004417")
        #expect(first.date == CalendarDate(iso: "2026-03-04"))
        #expect(first.currency == "EUR")
        #expect(first.unitPrice == "1049.5")
        #expect(first.reseller?.name == "RIVENDITORE BETA SRL")
        #expect(first.endCustomer?.name == "STUDIO GAMMA")
        #expect(first.endCustomer?.country == "IT")
        #expect(first.heading.filer?.id == "DISTIT01")
        #expect(first.heading.reportID == "POS20260304-01")
        #expect(reading.lines.last?.invoice == "NC-2026-000091")
        #expect(reading.summary.envelope?.sender == "DISTIT01")
        #expect(reading.summary.envelope?.controlNumber == "000000417")
        #expect(!reading.summary.isTest)
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1_000])
    func `how the bytes are cut into chunks does not matter`(chunk: Int) {
        let reading = Reading(.x12, text: text, chunk: chunk)
        #expect(reading.lines == Reading(.x12, text: text).lines)
        #expect(reading.findings.isEmpty)
    }

    /// Element separator, component separator, segment terminator with what follows it.
    @Test(
        .requirement("C17"),
        arguments: [
            ("|", ">", "~"), ("*", ":", "]"), ("^", "<", "'\r\n"), ("*", ">", "\n"), ("*", ">", "\r\n"),
            ("\u{1D}", "\u{1F}", "\u{1C}"),
            ("*", ">", "~\n\n  "), ("+", ":", "!"),
        ])
    func `any separators are read`(separators: (element: String, component: String, segment: String)) {
        let changed = text.replacing(">~\n", with: "\u{1}~\n").replacing("*", with: separators.element)
            .replacing("\u{1}", with: separators.component).replacing("~\n", with: separators.segment)
        let reading = Reading(.x12, text: changed)
        #expect(reading.facts == Self.facts)
        #expect(reading.findings.isEmpty, "\(reading.findings)")
    }

    @Test(.requirement("C17")) func `segments that are broken over lines are put together`() {
        var wrapped = ""
        for (index, character) in text.replacing("\n", with: "").enumerated() {
            wrapped.append(character)
            if index % 80 == 79 { wrapped += "\r\n" }
        }
        let reading = Reading(.x12, text: wrapped)
        #expect(reading.facts == Self.facts)
        #expect(reading.codes == ["x12.lines.wrapped"])
    }

    @Test(.requirement("C17")) func `an ISA of the wrong width is read, and told which element`() throws {
        let reading = changed("DISTIT01       *ZZ", "DISTIT01*ZZ")
        #expect(reading.facts == Self.facts)
        let finding = try #require(reading.findings.first)
        #expect(finding.code == "x12.isa.width")
        #expect(finding.position.element == 6)
        #expect(reading.summary.interchanges.first?.status == .acceptedWithErrors)
        #expect(reading.summary.interchanges.first?.note == "006")
    }

    @Test(
        .requirement("C17"),
        arguments: [
            (
                "two names in a row", "N1*BY*RIVENDITORE BETA SRL*92*10284417~\nN3",
                "N1*BY*RIVENDITORE BETA SRL*92*10284417~\nN1*BY*X*92*999~\nN3", "x12.n1.repeated"
            ),
            (
                "no line number", "LIN*1*MG*9G2J7ET*SK*HP-ELITE-840", "LIN*MG*9G2J7ET*SK*HP-ELITE-840",
                "x12.element.missing"
            ),
            (
                "LIN before QTY", "QTY*32*2*EA~\nLIN*1*MG*9G2J7ET*SK*HP-ELITE-840~",
                "LIN*1*MG*9G2J7ET*SK*HP-ELITE-840~\nQTY*32*2*EA~", "x12.segment.order"
            ),
            ("a wrong number of segments", "SE*37*", "SE*36*", "x12.se.count"),
            ("a wrong number of sets", "GE*1*", "GE*2*", "x12.ge.count"),
            ("a wrong number of groups", "IEA*1*", "IEA*9*", "x12.iea.count"),
            ("a wrong number of lines", "CTT*3*5", "CTT*9*5", "x12.ctt.count"),
            ("a wrong hash total", "CTT*3*5", "CTT*3*6", "x12.ctt.hash"),
            (
                "an address that is too long", "VIA ROMA 12",
                "VIA ROMA 12 PRESSO IL CENTRO COMMERCIALE LE PORTE DEL NAVIGLIO GRANDE", "x12.element.too-long"
            ),
            ("an unknown segment", "N3*VIA ROMA 12~", "N3*VIA ROMA 12~\nZZZ*1~", "x12.segment.unknown"),
            ("another release", "X*004010", "X*005010", "x12.gs.version"),
            ("two line numbers", "REF*PO*ORD-99120~", "REF*PO*ORD-99120~\nPRF*1~\nREF*CO*2~", "x12.segment.order"),
        ])
    func `what senders get wrong every day is read all the same, with a warning`(
        what: String, from: String, to: String, code: String
    ) throws {
        let reading = changed(from, to)
        #expect(reading.facts == Self.facts, "\(what): \(reading.findings)")
        let finding = try #require(reading.findings.first { $0.code == code }, "\(what): \(reading.codes)")
        #expect(finding.severity == .warning)
        #expect(!finding.fix.isEmpty)
    }

    @Test(.requirement("Q16")) func `CTT may count PTD loops or QTY loops`() {
        #expect(changed("CTT*3*5", "CTT*2*5").findings.isEmpty)
        #expect(changed("CTT*3*5", "CTT*3*5").findings.isEmpty)
        #expect(changed("CTT*3*5", "CTT*4*5").codes == ["x12.ctt.count"])
    }

    @Test(arguments: [
        ("the end belongs to another set", "SE*37*0001", "SE*37*0002", "x12.se.control-number", [3]),
        ("the set has no end", "SE*37*0001~\n", "", "x12.se.missing", [2]),
        ("no purpose", "BPT*00*", "BPT**", "x12.element.missing", [5]),
        ("a purpose that says nothing", "BPT*00*", "BPT*04*", "x12.element.code", [5]),
        (
            "a serial number of 40 characters", "REF*SE*5CG6081BCF", "REF*SE*5CG6081BCF5CG6081BCF5CG6081BCF5CG6081",
            "x12.element.too-long", [5]
        ),
        ("a quantity that is no number", "QTY*32*2*EA", "QTY*32*zwei*EA", "x12.element.character", [5]),
        ("no BPT", "BPT*00*POS20260304-01*20260305*02~\n", "", "x12.bpt.missing", [4, 5]),
    ])
    func `a set with a fault on which a conclusion rests is rejected as a whole`(
        what: String, from: String, to: String, code: String, codes: [Int]
    ) throws {
        let reading = changed(from, to)
        #expect(reading.facts.isEmpty, "\(what)")
        #expect(reading.codes.contains(code), "\(what): \(reading.codes)")
        let set = try #require(reading.summary.interchanges.first?.groups.first?.sets.first)
        #expect(set.status == .rejected)
        #expect(set.codes.sorted() == codes, "\(what)")
    }

    @Test(arguments: [
        ("IEA*1*000000417", "IEA*1*000000418", "001"), ("IEA*1*000000417~\n", "", "023"),
        ("*000000417*0*P", "*00000X417*0*P", "018"), ("*0*P*", "*0*X*", "020"),
    ])
    func `an interchange whose end does not match its beginning is not applied`(from: String, to: String, note: String)
    {
        let reading = changed(from, to)
        #expect(reading.facts.isEmpty)
        #expect(reading.summary.rejection != nil)
        #expect(reading.summary.interchanges.first?.note == note)
        #expect(reading.summary.interchanges.first?.status == .rejected)
    }

    @Test func `a group with another control number at its end is rejected`() {
        let reading = changed("GE*1*417", "GE*1*418")
        #expect(reading.facts.isEmpty)
        #expect(reading.summary.interchanges.first?.groups.first?.codes == [4])
    }

    @Test func `a test interchange is marked as one`() {
        let reading = changed("*0*P*>", "*0*T*>")
        #expect(reading.summary.isTest)
        #expect(reading.summary.interchanges.first?.isTest == true)
    }

    @Test func `the quantity has to be the number of different serial numbers`() throws {
        let reading = changed("QTY*32*2*EA", "QTY*32*3*EA")
        #expect(reading.lines.first?.problems.map(\.code) == ["quantity.mismatch"])
        #expect(reading.facts == Array(Self.facts.dropFirst(2)), "the other lines are applied")
        let repeated = changed("REF*SE*5CG6081BCF~\nQTY", "REF*SE*5cg6081bcd~\nQTY")
        #expect(repeated.codes.contains("serial.repeated"))
        #expect(repeated.lines.first?.problems.map(\.code) == ["quantity.mismatch"])
    }

    @Test func `a serial number that is none is rejected alone, with its place`() throws {
        let reading = changed("REF*SE*5CG6081BCF", "REF*SE*5CG6081-F")
        #expect(reading.facts.count == 4)
        let serial = try #require(reading.lines.first?.serials.last)
        #expect(serial.serial == nil)
        #expect(serial.position == SourcePosition(line: 24, segment: "REF", ordinal: 22, element: 2))
    }

    @Test(arguments: [
        ("PTD*SS***OI*48811-1*DC", "PTD*RU***OI*48811-1*DC"), ("PTD*SS***OI*48811-1*DC", "PTD*SS***OI*48811-1*CD"),
        ("QTY*32*2*EA", "QTY*76*2*EA"), ("QTY*32*2*EA", "QTY*32*-2*EA"),
    ])
    func `a return is one if anything says so`(from: String, to: String) {
        #expect(changed(from, to).lines.first?.kind == .return)
    }

    @Test(arguments: [("PTD*SS*", "PTD*IA*"), ("*48811-1*DC", "*48811-1*TI"), ("QTY*32*2*EA", "QTY*17*2*EA")])
    func `stock and transfers are no sales`(from: String, to: String) {
        #expect(changed(from, to).lines.first?.problems.map(\.code) == ["line.not-a-sale"])
    }

    @Test(.requirement("D16")) func `the reseller is the buyer, else the one to whom it was shipped`() {
        #expect(
            changed("N1*BY*RIVENDITORE BETA SRL*92*10284417~\nN3", "N1*ST*RIVENDITORE BETA SRL*92*10284417~\nN3").facts
                == Self.facts)
        let nobody = changed("N1*BY*RIVENDITORE BETA SRL*92*10284417~\nN3", "N3")
        #expect(nobody.lines.first?.problems.map(\.code) == ["reseller.missing"])
        let unnamed = changed("N1*BY*RIVENDITORE BETA SRL*92*10284417~\nN3", "N1*BY*RIVENDITORE BETA SRL~\nN3")
        #expect(unnamed.lines.first?.problems.map(\.code) == ["reseller.missing"])
    }

    @Test(.requirement("D15")) func `a reseller that files itself is the reseller of its sales`() throws {
        let reading = Reading(
            .x12,
            text: text.replacing(
                "N1*DS*DISTRIBUZIONE ALFA SPA*92*DISTIT01", with: "N1*SE*RIVENDITORE BETA SRL*92*10284417"
            )
            .replacing("N1*BY*RIVENDITORE BETA SRL*92*10284417", with: "N1*BY*STUDIO GAMMA*92*EU-5521"))
        let line = try #require(reading.lines.first)
        #expect(line.heading.isFiledByReseller)
        #expect(line.reseller?.id == "10284417")
        #expect(line.endCustomer?.id == "EU-5521")
    }

    @Test func `serial numbers before the first QTY belong to the first line`() {
        let reading = changed(
            "QTY*32*2*EA~\nLIN*1*MG*9G2J7ET*SK*HP-ELITE-840~\nUIT*EA*1049.5~\nPID*F****HP ELITEBOOK 840 G11~\nREF*SE*5CG6081BCD~",
            "REF*SE*5CG6081BCD~\nQTY*32*2*EA~\nLIN*1*MG*9G2J7ET*SK*HP-ELITE-840~\nUIT*EA*1049.5~\nPID*F****HP ELITEBOOK 840 G11~"
        )
        #expect(reading.facts == Self.facts)
    }

    @Test func `serial numbers without any QTY make a line of their own, with a warning`() {
        let body = "QTY*76*1*EA~\nLIN*1*MG*9G2J7ET~\nLX*1~\n"
        let reading = changed(body, "")
        #expect(reading.codes.contains("x12.qty.missing"))
        #expect(reading.lines.count == 3)
        #expect(reading.lines.last?.serials.map(\.raw) == ["5CG6080XYZ"])
        #expect(reading.lines.last?.kind == .return)
    }

    @Test func `several interchanges in one file are told apart`() {
        let second = text.replacing("000000417", with: "000000418").replacing(
            "IEA*1*000000418", with: "IEA*1*000000999")
        let reading = Reading(.x12, text: text + "\n" + second)
        #expect(reading.summary.interchanges.map(\.status) == [.accepted, .rejected])
        #expect(reading.facts == Self.facts)
        #expect(reading.summary.rejection == nil)
        #expect(Set(reading.summary.rejectedSets.keys) == [1])
    }

    @Test(arguments: [
        "", "   \n", "hello", "ISA", "ISA*00*", "ISA*00*A*B~GS*PT~", "<xml/>",
        "ISA*00~GS*PT*A*B*C*D*E*F*G*H*I*J*K*L*M*N*O*P*Q*R~",
    ])
    func `what is no interchange is rejected with a reason`(text: String) {
        let reading = Reading(.x12, text: text)
        #expect(reading.summary.rejection != nil)
        #expect(reading.lines.isEmpty)
    }

    @Test func `a segment without an end is given up before it fills the memory`() {
        let head = text.prefix { $0 != "\n" }
        let reading = Reading(.x12, Array(head.utf8) + Array(repeating: UInt8(ascii: "A"), count: 200_000))
        #expect(reading.codes.contains("x12.segment.too-long"))
        #expect(reading.summary.rejection != nil)
    }

    @Test func `100,000 serial numbers in one report are all read`() {
        let alphabet = Array("0123456789BCDFGHJKLMNPQRSTVWXYZ")
        var body = ""
        var count = 3
        for line in 0..<100 {
            body += "PTD*SS***OI*\(line)*DC~N1*BY*B*92*10284417~QTY*32*1000*EA~LIN*1*MG*9G2J7ET~"
            count += 4
            for unit in 0..<1_000 {
                let number = line * 1_000 + unit
                let tail = [29_791, 961, 31, 1].map { String(alphabet[number / $0 % 31]) }.joined()
                body += "REF*SE*5CG608\(tail)~"
                count += 1
            }
        }
        let head = text.prefix { $0 != "\n" }
        let file =
            "\(head)GS*PT*A*B*20260305*0615*1*X*004010~ST*867*0001~BPT*00*R*20260305*02~\(body)"
            + "SE*\(count)*0001~GE*1*1~IEA*1*000000417~"
        let reading = Reading(.x12, text: file, chunk: 65_536)
        #expect(reading.findings.isEmpty, "\(reading.findings.prefix(3))")
        #expect(reading.summary.devices == 100_000)
        #expect(reading.facts.count == 100_000)
    }
}
