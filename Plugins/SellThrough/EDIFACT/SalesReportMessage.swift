import HoldingTenant

/// Turns the segments of one SLSRPT message into sales and returns.
///
/// The message names seller and buyer, each LOC a place of sale with its documents, each LIN a product; a line is a
/// LIN segment with everything up to the next one.
struct SalesReportMessage: Sendable {
    private struct Line: Sendable {
        let position: SourcePosition
        var product: String?
        var quantity: String?
        var quantityQualifier: String?
        var unitPrice: String?
        var names: [String: Party] = [:]
        var references: [String: String] = [:]
        var date: CalendarDate?
        var serials: [ReportedSerial] = []
        var problems: [Finding] = []

        init(position: SourcePosition) {
            self.position = position
        }
    }

    let set: Int
    private let catalogue: CarePackCatalogue
    private var heading: ReportHeading
    private var names: [String: Party] = [:]
    private var locationReferences: [String: String] = [:]
    private var locationDate: CalendarDate?
    private var isInsideLocation = false
    private var line: Line?

    init(set: Int, catalogue: CarePackCatalogue) {
        self.set = set
        self.catalogue = catalogue
        heading = ReportHeading(set: set)
    }

    mutating func segment(_ segment: EDIFACTSegment, _ tally: inout LineTally, _ output: inout ReportOutput) {
        switch segment.tag {
        case "BGM": bgm(segment, &output)
        case "DTM": dtm(segment)
        case "NAD": nad(segment)
        case "CUX": heading.currency = segment.text(1, 2) ?? heading.currency
        case "LOC":
            closeLine(&tally, &output)
            isInsideLocation = true
            locationReferences = [:]
            locationDate = nil
        case "RFF":
            guard let qualifier = segment.text(1), let value = segment.text(1, 2) else { return }
            if line != nil { line?.references[qualifier] = value } else { locationReferences[qualifier] = value }
        case "LIN":
            closeLine(&tally, &output)
            var opened = Line(position: segment.position)
            opened.product = segment.text(3)
            line = opened
        case "PIA":
            // The manufacturer's number counts if LIN gave none of HP's shape.
            let isKnown = line?.product.map { ProductNumber($0) != nil } ?? false
            let numbers = (2...6).filter { ["MF", "SA", "VP"].contains(segment.text($0, 2) ?? "") }
            if !isKnown, let number = numbers.lazy.compactMap({ segment.text($0) }).first { line?.product = number }
        case "PRI": line?.unitPrice = segment.text(1, 2)
        case "GIN": gin(segment, &output)
        case "QTY":
            line?.quantityQualifier = segment.text(1)
            line?.quantity = segment.text(1, 2)
        case "IMD", "PAC", "DOC", "ALI", "MOA", "MKS", "CTA", "COM": break
        default:
            output.warn(
                "edifact.segment.unknown", at: segment.position,
                "the SLSRPT has no segment \(quoted(segment.tag)); it is not read", fix: "remove it")
        }
    }

    mutating func finish(_ tally: inout LineTally, _ output: inout ReportOutput) {
        closeLine(&tally, &output)
    }

    private mutating func bgm(_ segment: EDIFACTSegment, _ output: inout ReportOutput) {
        heading.reportID = segment.text(2)
        switch segment.text(3) {
        case "9", "2", nil: heading.purpose = .original
        case "1": heading.purpose = .cancel
        case "5": heading.purpose = .replace
        case "7": heading.purpose = .duplicate
        case let code?:
            output.warn(
                "edifact.bgm.function", at: segment.position.element(3),
                "the message function \(quoted(code)) is read as an original",
                fix: "write 9 for a new report, 5 to replace an earlier one, 1 to cancel it")
        }
    }

    private mutating func dtm(_ segment: EDIFACTSegment) {
        guard let qualifier = segment.text(1), let value = segment.text(1, 2) else { return }
        let first = CalendarDate(compact: value.prefix(8))
        let last = CalendarDate(compact: value.dropFirst(8).prefix(8))
        if line != nil {
            line?.date = first
        } else if qualifier == "137" {
            heading.date = first
        } else if qualifier == "356", !isInsideLocation {
            heading.periodStart = first
            heading.periodEnd = last ?? first
        } else {
            locationDate = first
        }
    }

    private mutating func nad(_ segment: EDIFACTSegment) {
        guard let qualifier = segment.text(1) else { return }
        var party = Party(name: segment.text(4), qualifier: segment.text(2, 3), id: segment.text(2))
        party.city = segment.text(6)
        party.country = segment.text(9)
        if line != nil {
            line?.names[qualifier] = party
        } else if names[qualifier] == nil {
            names[qualifier] = party
            if qualifier == "SE" { heading.filer = party }
        }
    }

    private mutating func gin(_ segment: EDIFACTSegment, _ output: inout ReportOutput) {
        guard line != nil, ["BN", "SN", "SER"].contains(segment.text(1) ?? "") else {
            output.warn(
                "edifact.gin.kind", at: segment.position.element(1),
                "the numbers are not marked as serial numbers of a line; they are not read",
                fix: "write GIN+BN after LIN")
            return
        }
        for element in segment.elements.indices.dropFirst().map({ $0 + 1 }) {
            guard let first = segment.text(element) else { continue }
            let position = segment.position.element(element)
            if let last = segment.text(element, 2), last != first {
                // The last places are letters and digits of a scheme of their own, so a range cannot be counted out.
                line?.problems.append(
                    Finding(
                        .error, "serial.range", at: position,
                        "a range of serial numbers from \(quoted(first)) to \(quoted(last)) cannot be read",
                        fix: "list every serial number"))
            }
            line?.serials.append(ReportedSerial(raw: first, position: position))
        }
    }

    private mutating func closeLine(_ tally: inout LineTally, _ output: inout ReportOutput) {
        guard let closing = line else { return }
        line = nil
        let number = closing.quantity.flatMap { WholeNumber.read($0) }
        var problems = closing.problems
        if number == nil, let text = closing.quantity {
            problems.append(
                Finding(
                    .error, "quantity.invalid", at: closing.position,
                    "the quantity \(quoted(text)) is not a whole number", fix: "give a whole number"))
        }
        let isReturn = closing.quantityQualifier == "61" || (number ?? 0) < 0
        if let qualifier = closing.quantityQualifier, !["153", "61", "47", "12"].contains(qualifier) {
            problems.append(
                Finding(
                    .error, "line.not-a-sale", at: closing.position,
                    "the quantity \(quoted(qualifier)) is neither sold nor given back",
                    fix: "write QTY+153 for sales and QTY+61 for returns"))
        }
        let names = names.merging(closing.names) { $1 }
        let references = locationReferences.merging(closing.references) { $1 }
        var built = ReportLine(
            number: tally.nextNumber(), heading: heading, position: closing.position,
            kind: isReturn ? .return : .sale, reseller: names["BY"] ?? names["DP"], endCustomer: names["UC"],
            invoice: references["IV"], date: closing.date ?? locationDate ?? heading.periodEnd ?? heading.date,
            part: closing.product.map(catalogue.classify), quantity: number.map { abs($0) },
            unitPrice: closing.unitPrice, currency: heading.currency, serials: closing.serials, problems: problems)
        LineRules.check(&built, output: &output)
        tally.count(built)
        output.lines.append(built)
    }
}
