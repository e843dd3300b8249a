package import HoldingTenant

/// One entry of the answer to a report: the outcome of a serial number, or a warning.
///
/// Every serial number of every line has exactly one entry that is accepted, rejected or pending; a line without serial
/// numbers has one for the line. Warnings stand beside them.
package struct LineItem: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case accepted
        case rejected
        case warning
        /// Kept until the partner is certified.
        case pending
    }

    /// The number of the line; `nil` for a warning about the file.
    package let line: Int?
    package let position: SourcePosition
    /// In its normal form, or as it was written if it is none.
    package let serial: String?
    /// The partner that the line names.
    package let partner: String?
    package private(set) var outcome: Outcome
    /// A stable word with dots.
    package private(set) var code: String
    package private(set) var message: String

    init(
        _ line: ReportLine, _ serial: ReportedSerial?, _ outcome: Outcome, _ code: String, _ message: String,
        at position: SourcePosition? = nil
    ) {
        self.line = line.number
        self.position = position ?? serial?.position ?? line.position
        self.serial = serial.map { $0.serial?.text ?? $0.raw }
        partner = line.reseller?.id
        self.outcome = outcome
        self.code = code
        self.message = message
    }

    /// A finding that stops nothing.
    package init(warning finding: Finding) {
        line = nil
        position = finding.position
        serial = nil
        partner = nil
        outcome = .warning
        code = finding.code
        message = "\(finding.message): \(finding.fix)"
    }

    /// The same entry, now that its outcome is known.
    func decided(_ words: LineOutcomes.Words) -> LineItem {
        var item = self
        (item.outcome, item.code, item.message) = (words.outcome, words.code, words.message)
        return item
    }
}

/// The counts of a report as its filer reads them.
package struct ReportCounts: Hashable, Sendable {
    package var lines = 0
    package var devices = 0
    package private(set) var accepted = 0
    package private(set) var rejected = 0
    package private(set) var warnings = 0
    package private(set) var pending = 0

    package init() {}

    package mutating func count(_ item: LineItem) {
        switch item.outcome {
        case .accepted: accepted += 1
        case .rejected: rejected += 1
        case .warning: warnings += 1
        case .pending: pending += 1
        }
    }
}

/// Turns verdicts into what the filer is told. Nothing in it names another partner.
package enum LineOutcomes {
    /// The entries of a line that are known from the file alone, and the serial numbers whose fate is still open.
    ///
    /// - Parameter rejection: why the whole set or the whole file is not applied.
    package static func known(
        _ line: ReportLine, rejection: Finding?
    ) -> (items: [LineItem], open: [ReportedSerial]) {
        if let reason = rejection ?? line.problems.first {
            let message = "\(reason.message): \(reason.fix)"
            guard !line.serials.isEmpty else {
                return ([LineItem(line, nil, .rejected, reason.code, message, at: reason.position)], [])
            }
            return (line.serials.map { LineItem(line, $0, .rejected, reason.code, message) }, [])
        }
        guard !line.serials.isEmpty else {
            return ([LineItem(line, nil, .accepted, "line.without-serials", "noted; no PC can be transferred")], [])
        }
        var items: [LineItem] = []
        var open: [ReportedSerial] = []
        for reported in line.serials {
            switch reported.reading {
            case .success:
                open.append(reported)
            case .failure(let problem):
                let meant =
                    problem.suggestions.isEmpty
                    ? "" : "; did you mean \(problem.suggestions.joined(separator: " or "))?"
                items.append(
                    LineItem(line, reported, .rejected, "serial.\(problem.reason.rawValue)", problem.message + meant))
            }
        }
        return (items, open)
    }

    package static func item(_ line: ReportLine, _ serial: ReportedSerial, _ verdict: SaleRules.Verdict) -> LineItem {
        let words = words(verdict)
        return LineItem(line, serial, words.outcome, words.code, words.message)
    }

    package static func item(_ line: ReportLine, _ serial: ReportedSerial, _ verdict: ReturnRules.Verdict) -> LineItem {
        let words = words(verdict)
        return LineItem(line, serial, words.outcome, words.code, words.message)
    }

    /// What the filer is told of a sale.
    package static func words(_ verdict: SaleRules.Verdict) -> Words {
        switch verdict {
        case .transfer: Words(.accepted, "sale.transferred", "transferred to the partner's holding tenant")
        case .keepPending: Words(.pending, "sale.pending", "kept until the partner is certified")
        case .alreadyHeld: Words(.accepted, "sale.repeated", "the partner has the PC already")
        case .alreadyAssigned: Words(.accepted, "sale.assigned", "noted; a customer has the PC already")
        case .correct(_, transfer: true):
            Words(.accepted, "sale.corrected", "moved to the partner that the correction names")
        case .correct(_, transfer: false):
            Words(.pending, "sale.corrected", "corrected, and kept until the partner is certified")
        case .quarantine(let conflict):
            switch conflict {
            case .attributedToAnother: Words(.rejected, conflict.rawValue, "serial already attributed")
            case .correctionByAnotherFiler:
                Words(.rejected, conflict.rawValue, "serial already attributed by another report")
            case .correctionTooLate:
                Words(.rejected, conflict.rawValue, "serial already attributed and in use at a customer")
            }
        }
    }

    /// What the filer is told of a return.
    package static func words(_ verdict: ReturnRules.Verdict) -> Words {
        switch verdict {
        case .withdraw: Words(.accepted, "return.withdrawn", "taken off the partner's page")
        case .withdrawPending: Words(.accepted, "return.withdrawn", "the sale that waited is forgotten")
        case .notifyPartner: Words(.accepted, "return.assigned", "noted; a customer has the PC, which stays there")
        case .nothingToWithdraw: Words(.accepted, "return.unknown", "noted; no sale of the PC was reported")
        case .quarantine(let conflict):
            Words(.rejected, conflict.rawValue, "the PC was not sold to the partner that gave it back")
        }
    }

    /// The outcome of one serial number, as the filer reads it.
    package struct Words: Hashable, Sendable {
        package let outcome: LineItem.Outcome
        package let code: String
        package let message: String

        init(_ outcome: LineItem.Outcome, _ code: String, _ message: String) {
            self.outcome = outcome
            self.code = code
            self.message = message
        }
    }

    /// A care pack was noted for a PC.
    package static func cover(_ line: ReportLine, _ serial: ReportedSerial) -> LineItem {
        var tier: Tier?
        if case .cover(_, let known) = line.part { tier = known }
        let words = cover(tier: tier)
        return LineItem(line, serial, words.outcome, words.code, words.message)
    }

    /// What the filer is told of a care pack; nil for one that the catalogue does not know.
    static func cover(tier: Tier?) -> Words {
        if let tier { return Words(.accepted, "cover.noted", "covered by \(tier.rawValue)") }
        return Words(.accepted, "cover.unknown", "noted; the care pack is not in the catalogue")
    }

    /// Several PCs share the serial number, and the line does not say which is meant.
    static let ambiguous = Words(
        .rejected, "serial.ambiguous-product", "several products share the serial number: name the product number")
}

/// How a report names a reseller.
package enum PartyNumber: Hashable, Sendable {
    /// The partner number that buyer and seller use.
    case partner(PartnerID)
    /// A D-U-N-S number or a GLN, which has to be looked up.
    case registry(String)

    /// `nil` if the party has no number.
    package init?(_ party: Party) {
        guard let id = party.id, let partner = PartnerID(id) else { return nil }
        // X12 element 66: 1 and 9 are D-U-N-S, UL is a GLN. EDIFACT 3055: 9 is a GLN, 16 D-U-N-S.
        switch party.qualifier {
        case "1", "9", "16", "UL": self = .registry(id)
        default: self = .partner(partner)
        }
    }
}
