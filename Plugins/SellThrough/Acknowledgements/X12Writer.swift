import HoldingTenant
package import WorkflowKit

/// From whom, to whom and when an acknowledgement is sent.
package struct AcknowledgementEnvelope: Hashable, Sendable {
    /// The number of the interchange that is written: different for each one sent to the same receiver, below 10⁹.
    package var controlNumber: Int
    package var writtenAt: Timestamp

    package init(controlNumber: Int, writtenAt: Timestamp) {
        self.controlNumber = controlNumber
        self.writtenAt = writtenAt
    }

    var date: CalendarDate { CalendarDate(utcDay: writtenAt.utcDay) }

    /// Hours and minutes, UTC: `0617`.
    var time: String {
        let minutes = Int(
            (writtenAt.microsecondsSince1970 - Int64(writtenAt.utcDay) * 86_400_000_000) / 60_000_000)
        return X12Writer.padded(minutes / 60, 2) + X12Writer.padded(minutes % 60, 2)
    }
}

/// Writes an X12 interchange that answers another one: sender and receiver change places, `*`, `>` and `~` separate.
struct X12Writer {
    private(set) var text = ""
    private let envelope: AcknowledgementEnvelope
    private let answered: X12InterchangeResult
    private var groups = 0
    private var sets = 0
    private var segments = 0

    init(answering answered: X12InterchangeResult, envelope: AcknowledgementEnvelope) {
        self.answered = answered
        self.envelope = envelope
        let date = String(envelope.date.compact.dropFirst(2))
        text =
            "ISA*00*          *00*          *\(Self.filled(answered.receiverQualifier, 2))*"
            + "\(Self.filled(answered.receiver, 15))*\(Self.filled(answered.senderQualifier, 2))*"
            + "\(Self.filled(answered.sender, 15))*\(date)*\(envelope.time)*U*00401*\(controlNumber)*0*"
            + "\(answered.isTest ? "T" : "P")*>~\n"
    }

    private var controlNumber: String { Self.padded(envelope.controlNumber, 9) }

    mutating func openGroup(_ functionalID: String) {
        groups += 1
        sets = 0
        segment([
            "GS", functionalID, answered.receiver, answered.sender, envelope.date.compact, envelope.time,
            String(envelope.controlNumber), "X", "004010",
        ])
    }

    mutating func openSet(_ identifier: String) {
        sets += 1
        segments = 0
        segment(["ST", identifier, Self.padded(sets, 4)])
    }

    /// Empty elements at the end are left out.
    mutating func segment(_ elements: [String]) {
        var elements = elements
        while elements.last == "" { elements.removeLast() }
        text += elements.map(Self.clean).joined(separator: "*") + "~\n"
        segments += 1
    }

    mutating func closeSet() {
        segment(["SE", String(segments + 1), Self.padded(sets, 4)])
    }

    mutating func closeGroup() {
        segment(["GE", String(sets), String(envelope.controlNumber)])
    }

    mutating func close() {
        segment(["IEA", String(groups), controlNumber])
    }

    /// Printable ASCII without the separators; what does not fit becomes a space, because a receiver may not read it.
    private static func clean(_ text: String) -> String {
        var cleaned = ""
        for scalar in text.unicodeScalars {
            let fits = scalar.value >= 0x20 && scalar.value < 0x7F && scalar != "*" && scalar != ">" && scalar != "~"
            cleaned.unicodeScalars.append(fits ? scalar : " ")
        }
        return cleaned
    }

    private static func filled(_ text: String, _ width: Int) -> String {
        let cut = String(clean(text).prefix(width))
        return cut + String(repeating: " ", count: width - cut.utf8.count)
    }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
