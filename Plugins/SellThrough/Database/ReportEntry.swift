import HoldingTenant

/// One entry of a report: a serial number, a line without any, or a warning.
struct ReportEntry: Sendable {
    var item: LineItem
    /// The number of the set that it stands in; nil for a warning.
    var set: Int?
    var invoice: String?
    /// nil if the file alone decides the outcome.
    var asked: Asked?

    /// What an entry asks for whose outcome depends on what else is known.
    struct Asked: Sendable {
        enum Kind: Sendable {
            case sale
            case giveBack
            case cancel
            case cover
        }

        var kind: Kind
        var serial: SerialNumber
        var partner: PartnerID?
        var product: ProductNumber?
        var part: CarePackPart?
        var tier: Tier?
        var isReplacement = false
        var soldOn: CalendarDate?
        var endCustomer: String?
    }
}

/// Makes entries of what a reader reads: one for each serial number, one for each line without, one for each warning.
struct ReportEntryMaker {
    private let report: KeptReport
    private let summary: ReportSummary

    init(_ report: KeptReport, _ summary: ReportSummary) {
        self.report = report
        self.summary = summary
    }

    func entries(_ output: ReportOutput) -> [ReportEntry] {
        var entries = output.findings.map { ReportEntry(item: LineItem(warning: $0)) }
        for line in output.lines { add(line, to: &entries) }
        return entries
    }

    private func add(_ line: ReportLine, to entries: inout [ReportEntry]) {
        var line = line
        if let own = report.filerPartner, line.kind == .sale, let named = line.reseller?.id, named != own {
            line.problems.append(
                Finding(
                    .error, "reseller.not-the-filer", at: line.position,
                    "a reseller reports its own sales only, and the line names another one",
                    fix: "name the reseller that files the report"))
        }
        if line.problems.isEmpty, let party = line.reseller, case .registry = PartyNumber(party) {
            line.problems.append(
                Finding(
                    .error, "reseller.registry-number", at: line.position,
                    "the reseller is named by a D-U-N-S number or a GLN",
                    fix: "name it by its partner number, qualifier 92"))
        }
        let set = line.heading.set
        let (items, open) = LineOutcomes.known(line, rejection: summary.rejection ?? summary.rejectedSets[set])
        for item in items { entries.append(ReportEntry(item: item, set: set, invoice: line.invoice)) }
        for reported in open {
            if summary.isTest {
                let item = LineItem(
                    line, reported, .accepted, "test.not-applied", "valid; a test is never applied")
                entries.append(ReportEntry(item: item, set: set, invoice: line.invoice))
            } else if let serial = reported.serial {
                let item = LineItem(line, reported, .accepted, "", "")
                entries.append(
                    ReportEntry(item: item, set: set, invoice: line.invoice, asked: asked(line, serial)))
            }
        }
    }

    private func asked(_ line: ReportLine, _ serial: SerialNumber) -> ReportEntry.Asked {
        var asked = ReportEntry.Asked(kind: line.kind == .sale ? .sale : .giveBack, serial: serial)
        asked.partner = line.reseller?.id.flatMap { PartnerID($0) }
        switch line.part {
        case .product(let product):
            asked.product = product
        case .cover(let part, let tier):
            (asked.kind, asked.part, asked.tier) = (.cover, part, tier)
        case .unknownCarePack(let part):
            (asked.kind, asked.part) = (.cover, part)
        case .unreadable, nil:
            break
        }
        if line.heading.purpose == .cancel, asked.kind == .sale { asked.kind = .cancel }
        asked.isReplacement = line.heading.purpose == .replace
        asked.soldOn = line.date
        asked.endCustomer = line.endCustomer?.name ?? line.endCustomer?.id
        return asked
    }
}
