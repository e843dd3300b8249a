package import HoldingTenant

/// What a report as a whole says about itself; one per transaction set or message, one per flat file.
package struct ReportHeading: Hashable, Sendable {
    /// Counted from 0 in the file; ties lines to the set that they belong to.
    package var set: Int
    /// What the sender calls the report: BPT02, or the document number of BGM.
    package var reportID: String?
    package var purpose = ReportPurpose.original
    package var date: CalendarDate?
    package var periodStart: CalendarDate?
    package var periodEnd: CalendarDate?
    /// ISO 4217.
    package var currency: String?
    /// Who filed the report: the distributor, or the reseller itself.
    package var filer: Party?
    /// A reseller files about itself: every sale of the report is its own.
    package var isFiledByReseller = false

    package init(set: Int) {
        self.set = set
    }
}

/// What is to be done with a report (X12 element 353, EDIFACT 1225).
package enum ReportPurpose: String, Hashable, Sendable {
    case original
    /// Everything that the earlier report brought is withdrawn.
    case cancel
    /// The same filer corrects what it reported.
    case replace
    /// A copy of an earlier report; applied like an original, which changes nothing the second time.
    case duplicate
}

/// A company as a report names it.
package struct Party: Hashable, Sendable {
    package var name: String?
    /// X12 element 66 or EDIFACT 3055: `92` and `91` are numbers that buyer and seller gave, `1` and `9` D-U-N-S.
    package var qualifier: String?
    package var id: String?
    package var city: String?
    /// ISO 3166-1, two letters.
    package var country: String?

    package init(name: String? = nil, qualifier: String? = nil, id: String? = nil) {
        self.name = name
        self.qualifier = qualifier
        self.id = id
    }
}

/// One line of a report in the one form that all formats are brought into: a sale or a return of one product.
package struct ReportLine: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case sale
        case `return`
    }

    /// Counted from 1 through the whole file.
    package var number: Int
    package var heading: ReportHeading
    package var position: SourcePosition
    package var kind: Kind
    /// Who resold the PCs; `nil` only with a problem.
    package var reseller: Party?
    /// Evidence only: an end customer in a report never becomes a customer of the server.
    package var endCustomer: Party?
    package var invoice: String?
    package var date: CalendarDate?
    /// What was sold; `nil` if the line names no product number.
    package var part: CarePackCatalogue.Part?
    /// How many, without a sign.
    package var quantity: Int?
    package var unitPrice: String?
    package var currency: String?
    /// In the order of the file, each serial number once.
    package var serials: [ReportedSerial]
    /// Why the whole line is rejected; empty for a good line.
    package var problems: [Finding]

    /// Whether the serial numbers of the line are those of PCs that a care pack covers.
    package var isCover: Bool {
        switch part {
        case .cover, .unknownCarePack: true
        case .product, .unreadable, nil: false
        }
    }
}

/// One serial number as it was written, and what it was read as.
package struct ReportedSerial: Hashable, Sendable {
    package let raw: String
    package let reading: Result<SerialNumber, SerialProblem>
    package let position: SourcePosition

    package init(raw: String, position: SourcePosition) {
        self.raw = raw
        self.reading = SerialText.read(raw)
        self.position = position
    }

    package var serial: SerialNumber? { try? reading.get() }
}

/// What comes out of a reader. The caller takes lines and findings away after each chunk, so that neither grows with
/// the file.
package struct ReportOutput: Sendable {
    package var lines: [ReportLine] = []
    package var findings: [Finding] = []

    package init() {}

    mutating func warn(_ code: String, at position: SourcePosition, _ message: String, fix: String) {
        findings.append(Finding(.warning, code, at: position, message, fix: fix))
    }

    mutating func fail(_ code: String, at position: SourcePosition, _ message: String, fix: String) {
        findings.append(Finding(.error, code, at: position, message, fix: fix))
    }
}

/// What is known once a file was read to its end.
package struct ReportSummary: Sendable {
    /// QTY/LIN loops or rows.
    package var lines = 0
    /// Distinct serial numbers of PCs, of valid form, on sale lines.
    package var devices = 0
    /// Why a whole set is not applied, by the set's number; its lines are rejected for that reason.
    package var rejectedSets: [Int: Finding] = [:]
    /// Why nothing of the file is applied.
    package var rejection: Finding?
    /// A test: validated and answered, never applied.
    package var isTest = false
    /// One per interchange; empty for flat files and EDIFACT.
    package var interchanges: [X12InterchangeResult] = []
    /// Who sent the file and its control number, if the format has them.
    package var envelope: ReportEnvelope?

    package init() {}
}

/// Who sent an interchange, and its number.
package struct ReportEnvelope: Hashable, Sendable {
    package let sender: String
    package let receiver: String
    package let controlNumber: String
    package let isTest: Bool
}
