import HoldingTenant
import RequirementTags
import SellThrough
import Testing

@Suite(.requirement("C1", "C12", "D5")) struct LineItemTests {
    private let text = sampleText("report-867.x12")
    private let beta = PartnerID(unchecked: "10284417")

    private func items(_ reading: Reading) -> (items: [LineItem], open: Int) {
        var items: [LineItem] = []
        var open = 0
        for line in reading.lines {
            let rejection = reading.summary.rejection ?? reading.summary.rejectedSets[line.heading.set]
            let known = LineOutcomes.known(line, rejection: rejection)
            items += known.items
            open += known.open.count
        }
        return (items, open)
    }

    @Test func `every serial number of every line has one outcome, whatever happens to the line`() {
        let changes = [
            ("", ""), ("REF*SE*5CG6081BCF", "REF*SE*5CG6081-F"), ("QTY*32*2*EA", "QTY*32*3*EA"),
            ("SE*37*0001", "SE*37*0002"), ("IEA*1*0", "IEA*1*9"), ("N1*BY*RIVENDITORE BETA SRL*92*10284417", "N1*BY*X"),
        ]
        for (from, to) in changes {
            let reading = Reading(.x12, text: from.isEmpty ? text : text.replacing(from, with: to))
            let (items, open) = items(reading)
            #expect(items.count + open == 5, "\(from)")
            #expect(items.allSatisfy { $0.outcome == .rejected && !$0.message.isEmpty && $0.serial != nil })
        }
    }

    @Test func `a line without serial numbers has one outcome, too`() {
        let reading = Reading(.csv, text: "reseller_id,serial_number,quantity\n10284417,,2\n")
        let (items, open) = items(reading)
        #expect(items.map(\.code) == ["line.without-serials"])
        #expect(items.map(\.outcome) == [.accepted])
        #expect(open == 0)
        #expect(reading.codes.contains("serial.missing"))
    }

    @Test func `a rejected serial number says what may have been meant`() throws {
        let reading = Reading(.csv, text: "reseller_id,serial_number\n10284417,5CG-6081BCD\n")
        let item = try #require(items(reading).items.first)
        #expect(item.code == "serial.character")
        #expect(item.message.contains("did you mean 5CG6081BCD?"))
        #expect(item.partner == "10284417")
        #expect(item.position.line == 2)
    }

    @Test func `no verdict names another partner`() throws {
        let line = try #require(Reading(.x12, text: text).lines.first)
        let serial = try #require(line.serials.first)
        let other = PartnerID(unchecked: "SECRET-77")
        let sales: [(SaleRules.Verdict, LineItem.Outcome)] = [
            (.transfer, .accepted), (.keepPending, .pending), (.alreadyHeld, .accepted), (.alreadyAssigned, .accepted),
            (.correct(from: other, transfer: true), .accepted), (.correct(from: other, transfer: false), .pending),
            (.quarantine(.attributedToAnother), .rejected), (.quarantine(.correctionByAnotherFiler), .rejected),
            (.quarantine(.correctionTooLate), .rejected),
        ]
        let returns: [(ReturnRules.Verdict, LineItem.Outcome)] = [
            (.withdraw, .accepted), (.withdrawPending, .accepted), (.notifyPartner(other), .accepted),
            (.nothingToWithdraw, .accepted), (.quarantine(.notSoldByThisPartner), .rejected),
        ]
        var counts = ReportCounts()
        for (item, outcome) in sales.map({ (LineOutcomes.item(line, serial, $0.0), $0.1) })
            + returns.map({ (LineOutcomes.item(line, serial, $0.0), $0.1) })
        {
            #expect(item.outcome == outcome, "\(item.code)")
            #expect(!"\(item)".contains("SECRET"))
            #expect(item.message.utf8.count <= 60, "it has to fit into an 824: \(item.message)")
            counts.count(item)
        }
        #expect([counts.accepted, counts.rejected, counts.pending, counts.warnings] == [8, 4, 2, 0])
    }

    @Test func `a warning is no outcome of a serial number`() throws {
        let finding = try #require(Reading(.x12, text: text.replacing("SE*37*", with: "SE*36*")).findings.first)
        let item = LineItem(warning: finding)
        #expect(item.outcome == .warning)
        #expect(item.serial == nil)
        #expect(item.message.contains(finding.fix))
    }

    @Test func `a care pack is noted for its PC`() throws {
        let line = Reading(.x12, text: text).lines[1]
        #expect(LineOutcomes.cover(line, line.serials[0]).message == "covered by premium-plus")
    }

    @Test(arguments: [
        ("92", "10284417", PartyNumber.partner(PartnerID(unchecked: "10284417"))),
        ("91", "10284417", .partner(PartnerID(unchecked: "10284417"))), ("1", "128838418", .registry("128838418")),
        ("9", "5412345000013", .registry("5412345000013")),
    ])
    func `a number of a registry is no partner number`(qualifier: String, id: String, expected: PartyNumber) {
        #expect(PartyNumber(Party(qualifier: qualifier, id: id)) == expected)
        #expect(PartyNumber(Party(name: "X")) == nil)
    }
}
