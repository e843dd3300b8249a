import HoldingTenant

/// Decides what one QTY loop of an 867 means.
enum X12LineBuilder {
    /// What a PTD loop says about all its lines.
    struct Transfer: Sendable {
        /// PTD01.
        let type: String
        /// PTD06.
        let movement: String?
        let position: SourcePosition
        var names: [String: Party] = [:]
        var references: [String: String] = [:]
        var dates: [String: CalendarDate] = [:]
        /// Serial numbers that stand before the first QTY; they belong to the first line.
        var serials: [ReportedSerial] = []
    }

    /// What stands between one QTY and the next.
    struct Line: Sendable {
        let position: SourcePosition
        var quantityQualifier: String?
        var quantity: String?
        var hasLIN = false
        var product: String?
        var unitPrice: String?
        var currency: String?
        var names: [String: Party] = [:]
        var references: [String: String] = [:]
        var dates: [String: CalendarDate] = [:]
        var serials: [ReportedSerial] = []

        init(position: SourcePosition) {
            self.position = position
        }
    }

    /// Element 235: what kind of number follows. Manufacturer's and vendor's part numbers are HP's.
    static let productQualifiers: Set<String> = [
        "MG", "MF", "MN", "VP", "VN", "BP", "SK", "UP", "UK", "EN", "UA", "UI", "SN", "BN", "PN",
    ]

    /// The HP part number of a LIN segment: the manufacturer's, else the vendor's.
    static func product(_ lin: borrowing X12Segment, shifted: Bool) -> String? {
        var byQualifier: [String: String] = [:]
        for element in stride(from: shifted ? 1 : 2, through: max(lin.count - 1, 0), by: 2) {
            guard let qualifier = lin.value(element), let value = lin.value(element + 1) else { continue }
            if byQualifier[qualifier] == nil { byQualifier[qualifier] = value }
        }
        return ["MG", "MF", "MN", "VP", "VN", "PN"].lazy.compactMap { byQualifier[$0] }.first
    }

    /// Eight digits, or six as before release 004010, which mean this century.
    static func date(_ text: String?) -> CalendarDate? {
        guard let text else { return nil }
        return CalendarDate(compact: text.utf8.count == 6 ? "20\(text)" : text)
    }

    /// Who filed the report. A distributor is `DS` or `DB`; without one, a seller in the heading files about itself.
    static func filer(_ names: [String: Party]) -> (Party?, isReseller: Bool) {
        if let distributor = names["DS"] ?? names["DB"] { return (distributor, false) }
        if let reseller = names["DL"] ?? names["DU"] ?? names["SE"] { return (reseller, true) }
        return (nil, false)
    }

    static func build(
        _ line: Line, in transfer: Transfer, heading: ReportHeading, headingNames: [String: Party], number: Int,
        catalogue: CarePackCatalogue
    ) -> ReportLine {
        let names = transfer.names.merging(line.names) { $1 }
        let buyer = names["BY"] ?? names["ST"] ?? headingNames["BY"] ?? headingNames["ST"]
        var problems: [Finding] = []
        let (quantity, isNegative) = quantity(line, &problems)
        let kind = kind(line, transfer, isNegative: isNegative, &problems)
        let references = transfer.references.merging(line.references) { $1 }
        let dates = transfer.dates.merging(line.dates) { $1 }
        return ReportLine(
            number: number, heading: heading, position: line.position, kind: kind,
            reseller: heading.isFiledByReseller ? heading.filer : buyer,
            endCustomer: names["EN"] ?? names["UC"] ?? (heading.isFiledByReseller ? buyer : nil),
            invoice: references["IV"] ?? references["CM"],
            date: dates["003"] ?? dates["011"] ?? dates.sorted { $0.key < $1.key }.first?.value ?? heading.periodEnd
                ?? heading.date,
            part: line.product.map(catalogue.classify), quantity: quantity, unitPrice: line.unitPrice,
            currency: line.currency ?? heading.currency, serials: line.serials, problems: problems)
    }

    private static func quantity(_ line: Line, _ problems: inout [Finding]) -> (Int?, isNegative: Bool) {
        guard let text = line.quantity, let number = WholeNumber.read(text) else {
            if let text = line.quantity, !text.isEmpty {
                problems.append(
                    Finding(
                        .error, "quantity.invalid", at: line.position.element(2),
                        "the quantity \(quoted(text)) is not a whole number", fix: "give a whole number"))
            }
            return (nil, false)
        }
        return (abs(number), number < 0)
    }

    /// A return is one if anything says so: the movement, the transfer type, the qualifier or the sign.
    private static func kind(
        _ line: Line, _ transfer: Transfer, isNegative: Bool, _ problems: inout [Finding]
    ) -> ReportLine.Kind {
        if transfer.movement == "CD" || ["RU", "RP", "RV", "BN"].contains(transfer.type)
            || line.quantityQualifier == "76" || isNegative
        {
            return .return
        }
        let notASale: String? =
            if ["IA", "IB", "RC", "SM", "SC"].contains(transfer.type) {
                "the transfer type \(transfer.type) is neither a sale nor a return"
            } else if let movement = transfer.movement, movement != "DC" {
                "the movement \(quoted(movement)) is neither a sale nor a return"
            } else if let qualifier = line.quantityQualifier, !["32", "39"].contains(qualifier) {
                "the quantity \(quoted(qualifier)) is neither sold nor shipped"
            } else {
                nil
            }
        if let notASale {
            problems.append(
                Finding(
                    .error, "line.not-a-sale", at: line.position, notASale,
                    fix: "report sales and returns only: PTD*SS with QTY*32, or PTD*RU with QTY*76"))
        }
        return .sale
    }
}

/// Reads whole numbers as reports write them: `2`, `-1`, `2.000`, `+3`.
enum WholeNumber {
    static func read(_ text: String, decimalComma: Bool = false) -> Int? {
        let parts = text.split(separator: decimalComma ? "," : ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count < 2 || parts[1].utf8.allSatisfy({ $0 == UInt8(ascii: "0") }),
            whole.utf8.count <= 10
        else { return nil }
        return Int(whole)
    }
}
