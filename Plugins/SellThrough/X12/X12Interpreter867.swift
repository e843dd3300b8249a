import HoldingTenant

/// Turns the segments of an 867 into sales and returns.
///
/// A line is a QTY segment with everything up to the next one. The loop before it, which begins with PTD, says who
/// bought and whether it is a sale or a return. The readings that are not obvious are in ``X12LineBuilder``.
struct X12Interpreter867: Sendable {
    /// A fault that shows only when the meaning is known, such as a code that is valid but not usable.
    struct Fault {
        let element: X12ElementError
        let message: String
        let fix: String
    }

    private(set) var transfers = 0

    private let catalogue: CarePackCatalogue
    private var heading: ReportHeading
    private var headingNames: [String: Party] = [:]
    private var transfer: X12LineBuilder.Transfer?
    private var line: X12LineBuilder.Line?
    private var nameEntity: String?
    private var lines = 0
    private var quantitySum = 0
    private var total: (lines: Int?, hash: Int?, position: SourcePosition)?

    init(set: Int, catalogue: CarePackCatalogue) {
        heading = ReportHeading(set: set)
        self.catalogue = catalogue
    }

    /// Whether a QTY, or else a LIN, begins a new line instead of completing the one at hand.
    func beginsLine(quantity: Bool) -> Bool {
        guard let line else { return true }
        return quantity ? line.quantity != nil : line.hasLIN
    }

    /// `LIN*MG*9G2J7ET`: the line number was left out together with its separator.
    static func hasShiftedPairs(_ lin: borrowing X12Segment) -> Bool {
        guard let first = lin.value(1), X12LineBuilder.productQualifiers.contains(first) else { return false }
        return !X12LineBuilder.productQualifiers.contains(lin.value(2) ?? "")
    }

    mutating func segment(
        _ segment: borrowing X12Segment, _ id: String, _ tally: inout LineTally, _ output: inout ReportOutput
    ) -> [Fault] {
        switch id {
        case "BPT":
            return bpt(segment, &output)
        case "CUR":
            if line != nil { line?.currency = segment.value(2) } else { heading.currency = segment.value(2) }
        case "DTM":
            dtm(segment)
        case "REF":
            ref(segment)
        case "N1":
            n1(segment, &output)
        case "N4":
            setName { name in
                name.city = segment.value(1)
                name.country = segment.value(4)
            }
        case "PTD":
            closeTransfer(&tally, &output)
            transfers += 1
            transfer = X12LineBuilder.Transfer(
                type: segment.value(1) ?? "", movement: segment.value(6), position: segment.position)
        case "QTY":
            if beginsLine(quantity: true) { openLine(segment, &tally, &output) }
            line?.quantityQualifier = segment.value(1)
            line?.quantity = segment.value(2) ?? ""
        case "LIN":
            if beginsLine(quantity: false) { openLine(segment, &tally, &output) }
            line?.hasLIN = true
            line?.product = X12LineBuilder.product(segment, shifted: Self.hasShiftedPairs(segment))
        case "UIT":
            line?.unitPrice = segment.value(2)
        case "CTT":
            closeTransfer(&tally, &output)
            total = (segment.value(1).flatMap { Int($0) }, segment.value(2).flatMap { Int($0) }, segment.position)
        default:
            break
        }
        if id != "N1", id != "N2", id != "N3", id != "N4" { nameEntity = nil }
        return []
    }

    mutating func finish(_ position: SourcePosition, _ tally: inout LineTally, _ output: inout ReportOutput) {
        closeTransfer(&tally, &output)
        guard let total else { return }
        // Implementation guides differ on what CTT01 counts: PTD loops or QTY loops.
        if let count = total.lines, count != lines, count != transfers {
            output.warn(
                "x12.ctt.count", at: total.position.element(1),
                "the total counts \(count) lines, the report has \(lines) in \(transfers) PTD loops",
                fix: "count the QTY segments")
        }
        if let hash = total.hash, hash != quantitySum {
            output.warn(
                "x12.ctt.hash", at: total.position.element(2),
                "the hash total is \(hash), the sum of the quantities is \(quantitySum)",
                fix: "add up the quantities of all QTY segments")
        }
    }

    private mutating func bpt(_ segment: borrowing X12Segment, _ output: inout ReportOutput) -> [Fault] {
        heading.reportID = segment.value(2)
        heading.date = segment.value(3).flatMap { CalendarDate(compact: $0) }
        if let type = segment.value(4), type != "02" {
            output.warn(
                "x12.bpt.type", at: segment.position.element(4),
                "the report type is \(quoted(type)); it is read as a report of resales",
                fix: "write 02 for a report of resales")
        }
        switch segment.value(1) {
        case "00": heading.purpose = .original
        case "01": heading.purpose = .cancel
        case "05": heading.purpose = .replace
        case "07": heading.purpose = .duplicate
        case nil: break
        case let code?:
            return [
                Fault(
                    element: X12ElementError(element: 1, reference: 353, code: 7, isDecisive: true),
                    message: "the purpose \(quoted(code)) does not say what is to be done with the lines",
                    fix: "write 00 for a new report, 05 to replace an earlier one, 01 to cancel it")
            ]
        }
        return []
    }

    private mutating func dtm(_ segment: borrowing X12Segment) {
        guard let date = X12LineBuilder.date(segment.value(2)) else { return }
        let qualifier = segment.value(1) ?? ""
        if line != nil {
            line?.dates[qualifier] = date
        } else if transfer != nil {
            transfer?.dates[qualifier] = date
        } else if qualifier == "090" {
            heading.periodStart = date
        } else if qualifier == "091" {
            heading.periodEnd = date
        }
    }

    private mutating func ref(_ segment: borrowing X12Segment) {
        guard let qualifier = segment.value(1), let value = segment.value(2) else { return }
        if qualifier == "SE" {
            let position = segment.position.element(2)
            let serials = SerialText.split(value).map { ReportedSerial(raw: $0, position: position) }
            if line != nil {
                line?.serials += serials
            } else {
                transfer?.serials += serials
            }
        } else if line != nil {
            line?.references[qualifier] = value
        } else {
            transfer?.references[qualifier] = value
        }
    }

    private mutating func n1(_ segment: borrowing X12Segment, _ output: inout ReportOutput) {
        guard let entity = segment.value(1) else { return }
        let party = Party(name: segment.value(2), qualifier: segment.value(3), id: segment.value(4))
        var names = currentNames
        nameEntity = entity
        if let earlier = names[entity] {
            // The first one counts, unless only the second says who it is.
            output.warn(
                "x12.n1.repeated", at: segment.position, "N1*\(entity) stands twice in one loop; the first one counts",
                fix: "name each party once in a loop")
            if earlier.id != nil {
                nameEntity = nil
                return
            }
        }
        names[entity] = party
        store(names)
    }

    private var currentNames: [String: Party] {
        line?.names ?? transfer?.names ?? headingNames
    }

    private mutating func setName(_ change: (inout Party) -> Void) {
        guard let nameEntity else { return }
        var names = currentNames
        guard var party = names[nameEntity] else { return }
        change(&party)
        names[nameEntity] = party
        store(names)
    }

    private mutating func store(_ names: [String: Party]) {
        if line != nil {
            line?.names = names
        } else if transfer != nil {
            transfer?.names = names
        } else {
            headingNames = names
            (heading.filer, heading.isFiledByReseller) = X12LineBuilder.filer(names)
        }
    }

    private mutating func openLine(
        _ segment: borrowing X12Segment, _ tally: inout LineTally, _ output: inout ReportOutput
    ) {
        closeLine(&tally, &output)
        if transfer == nil {
            transfers += 1
            transfer = X12LineBuilder.Transfer(type: "", movement: nil, position: segment.position)
        }
        var opened = X12LineBuilder.Line(position: segment.position)
        opened.serials = transfer?.serials ?? []
        transfer?.serials = []
        line = opened
    }

    private mutating func closeTransfer(_ tally: inout LineTally, _ output: inout ReportOutput) {
        closeLine(&tally, &output)
        if let open = transfer, !open.serials.isEmpty {
            output.warn(
                "x12.qty.missing", at: open.position, "the PTD loop has serial numbers but no QTY segment",
                fix: "write QTY with the number of serial numbers before them")
            var implied = X12LineBuilder.Line(position: open.position)
            implied.serials = open.serials
            implied.quantity = String(Set(open.serials.map { $0.serial?.text ?? $0.raw }).count)
            implied.quantityQualifier = "32"
            transfer?.serials = []
            line = implied
            closeLine(&tally, &output)
        }
        transfer = nil
    }

    private mutating func closeLine(_ tally: inout LineTally, _ output: inout ReportOutput) {
        guard let closing = line, let transfer else { return }
        line = nil
        lines += 1
        var built = X12LineBuilder.build(
            closing, in: transfer, heading: heading, headingNames: headingNames, number: tally.nextNumber(),
            catalogue: catalogue)
        if let quantity = built.quantity {
            let (sum, overflow) = quantitySum.addingReportingOverflow(quantity)
            quantitySum = overflow ? quantitySum : sum
        }
        LineRules.check(&built, output: &output)
        tally.count(built)
        output.lines.append(built)
    }
}
