import HoldingTenant

/// The 824: what is valid X12 and still cannot be applied, serial number by serial number.
package struct ApplicationAdvice: Sendable {
    /// One thing that the sender should know about a line.
    package struct Item: Hashable, Sendable {
        package let invoice: String?
        package let serial: String?
        /// At most 60 characters are sent.
        package let message: String
        package let position: SourcePosition
        package let isRejected: Bool

        package init(
            invoice: String?, serial: String?, message: String, position: SourcePosition, isRejected: Bool
        ) {
            self.invoice = invoice
            self.serial = serial
            self.message = message
            self.position = position
            self.isRejected = isRejected
        }
    }

    /// An 824 lists at most this many items, so that it fits into one answer; it says how many more there are.
    package static let itemsMax = 100

    /// The outcome of one transaction set.
    package struct SetOutcome: Sendable {
        package let set: X12SetResult
        package let group: X12GroupResult
        /// BPT02 of the set.
        package let reportID: String?
        /// Items that were applied, rejected ones not counted.
        package let accepted: Int
        package let items: [Item]

        package init(
            set: X12SetResult, group: X12GroupResult, reportID: String?, accepted: Int, items: [Item]
        ) {
            self.set = set
            self.group = group
            self.reportID = reportID
            self.accepted = accepted
            self.items = items
        }

        /// OTI01: accepted, accepted with errors, rejected.
        var status: String {
            if items.isEmpty, !set.isRejected { return "TA" }
            return set.isRejected || (accepted == 0 && items.contains(where: \.isRejected)) ? "TR" : "TE"
        }
    }

    /// - Parameter senderName: the name of the company that sent the interchange, if known.
    package static func write(
        _ outcomes: [SetOutcome], answering result: X12InterchangeResult, senderName: String?,
        envelope: AcknowledgementEnvelope
    ) -> String {
        var writer = X12Writer(answering: result, envelope: envelope)
        writer.openGroup("AG")
        for (index, outcome) in outcomes.enumerated() {
            writer.openSet("824")
            writer.segment([
                "BGN", "11", "AA-\(result.controlNumber.suffix(6))-\(index + 1)", envelope.date.compact, envelope.time,
            ])
            writer.segment(["N1", "TO", String((senderName ?? result.sender).prefix(60)), "92", result.sender])
            let listed = outcome.items.prefix(itemsMax)
            for item in listed { write(item, outcome, &writer) }
            let unlisted = outcome.items.count - listed.count
            if listed.isEmpty {
                oti(outcome, invoice: nil, &writer)
                if outcome.set.isRejected { writer.segment(["TED", "ZZZ", "SET REJECTED - SEE THE 997"]) }
            } else if unlisted > 0 {
                oti(outcome, invoice: nil, &writer)
                writer.segment(["TED", "ZZZ", "\(unlisted) MORE - SEE THE LINES OF THE REPORT"])
            }
            writer.closeSet()
        }
        writer.closeGroup()
        writer.close()
        return writer.text
    }

    private static func write(_ item: Item, _ outcome: SetOutcome, _ writer: inout X12Writer) {
        oti(outcome, invoice: item.invoice, &writer)
        if let serial = item.serial { writer.segment(["REF", "SE", String(serial.prefix(30))]) }
        writer.segment([
            "TED", "ZZZ", String(item.message.uppercased().prefix(60)), item.position.segment ?? "",
            item.position.ordinal.map(String.init) ?? "", item.position.element.map(String.init) ?? "", "",
            item.serial ?? "",
        ])
    }

    private static func oti(_ outcome: SetOutcome, invoice: String?, _ writer: inout X12Writer) {
        let (qualifier, reference) =
            invoice.map { ("IV", $0) } ?? ("TN", outcome.reportID ?? outcome.set.controlNumber)
        writer.segment([
            "OTI", outcome.status, qualifier, String(reference.prefix(30)), outcome.group.senderCode,
            outcome.group.receiverCode, outcome.group.date, outcome.group.time, outcome.group.controlNumber,
            outcome.set.controlNumber, outcome.set.identifier, outcome.group.version,
        ])
    }
}
