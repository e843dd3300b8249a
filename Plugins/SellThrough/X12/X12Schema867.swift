/// The segments of the 867, release 004010, as far as this reader looks into them.
///
/// Sizes and element numbers are those of the X12 data element dictionary, release 004010.
enum X12Schema867 {
    enum Kind: Sendable {
        case id
        case text
        case whole
        case decimal
        case date
    }

    struct Element: Sendable {
        /// The number in the data element dictionary; 0 for a composite.
        let reference: Int
        let kind: Kind
        let size: ClosedRange<Int>
        var isMandatory = false
        /// Whether a conclusion rests on the element. A fault in any other is reported and read all the same.
        var isDecisive = false
    }

    struct Segment: Sendable {
        var elements: [Element]
        /// Most elements that the segment may have.
        let most: Int
        /// Pairs of elements of which one needs the other: if the first is there, the second must be.
        var needs: [(Int, Int)] = []
    }

    static let segments: [String: Segment] = [
        "BPT": Segment(
            elements: [
                Element(reference: 353, kind: .id, size: 2...2, isMandatory: true, isDecisive: true),
                Element(reference: 127, kind: .text, size: 1...30),
                Element(reference: 373, kind: .date, size: 8...8, isMandatory: true),
                Element(reference: 755, kind: .id, size: 2...2),
            ], most: 9),
        "CUR": Segment(
            elements: [
                Element(reference: 98, kind: .id, size: 2...3, isMandatory: true),
                Element(reference: 100, kind: .id, size: 3...3, isMandatory: true),
            ], most: 21),
        "DTM": Segment(
            elements: [
                Element(reference: 374, kind: .id, size: 3...3, isMandatory: true),
                Element(reference: 373, kind: .date, size: 8...8),
            ], most: 6),
        "REF": Segment(
            elements: [
                Element(reference: 128, kind: .id, size: 2...3, isMandatory: true, isDecisive: true),
                Element(reference: 127, kind: .text, size: 1...30, isDecisive: true),
                Element(reference: 352, kind: .text, size: 1...80),
            ], most: 4),
        "N1": Segment(
            elements: [
                Element(reference: 98, kind: .id, size: 2...3, isMandatory: true, isDecisive: true),
                Element(reference: 93, kind: .text, size: 1...60),
                Element(reference: 66, kind: .id, size: 1...2),
                Element(reference: 67, kind: .text, size: 2...80, isDecisive: true),
            ], most: 6, needs: [(3, 4), (4, 3)]),
        "N3": Segment(
            elements: [
                Element(reference: 166, kind: .text, size: 1...55, isMandatory: true),
                Element(reference: 166, kind: .text, size: 1...55),
            ], most: 2),
        "N4": Segment(
            elements: [
                Element(reference: 19, kind: .text, size: 2...30),
                Element(reference: 156, kind: .id, size: 2...2),
                Element(reference: 116, kind: .id, size: 3...15),
                Element(reference: 26, kind: .id, size: 2...3),
            ], most: 6),
        "PTD": Segment(
            elements: [
                Element(reference: 521, kind: .id, size: 2...2, isMandatory: true, isDecisive: true),
                Element(reference: 128, kind: .id, size: 2...3),
                Element(reference: 127, kind: .text, size: 1...30),
                Element(reference: 128, kind: .id, size: 2...3),
                Element(reference: 127, kind: .text, size: 1...30),
                Element(reference: 0, kind: .id, size: 2...2, isDecisive: true),
            ], most: 6, needs: [(2, 3), (3, 2), (4, 5), (5, 4)]),
        "QTY": Segment(
            elements: [
                Element(reference: 673, kind: .id, size: 2...2, isMandatory: true, isDecisive: true),
                Element(reference: 380, kind: .decimal, size: 1...15, isMandatory: true, isDecisive: true),
            ], most: 4),
        "LIN": Segment(
            elements: [
                Element(reference: 350, kind: .text, size: 1...20),
                Element(reference: 235, kind: .id, size: 2...2, isMandatory: true),
                Element(reference: 234, kind: .text, size: 1...48, isMandatory: true),
            ], most: 31),
        "UIT": Segment(
            elements: [
                Element(reference: 0, kind: .text, size: 2...80, isMandatory: true),
                Element(reference: 212, kind: .decimal, size: 1...17),
                Element(reference: 639, kind: .id, size: 2...2),
            ], most: 3, needs: [(3, 2)]),
        "PID": Segment(
            elements: [Element(reference: 349, kind: .id, size: 1...1, isMandatory: true)], most: 9),
        "LX": Segment(
            elements: [Element(reference: 554, kind: .whole, size: 1...6, isMandatory: true)], most: 1),
        "CTT": Segment(
            elements: [
                Element(reference: 354, kind: .whole, size: 1...6, isMandatory: true),
                Element(reference: 347, kind: .decimal, size: 1...10),
            ], most: 7),
    ]

    /// Segments of the 867 whose contents this reader does not need.
    static let unread: Set<String> = [
        "N2", "PER", "MEA", "PSA", "LM", "LQ", "PRF", "MAN", "SII", "PO3", "PO4", "AMT", "ITA", "PWK", "PKG", "DD",
        "LDT", "FA1", "FA2",
    ]

    /// The order within each part of the set. A part begins with its first segment.
    enum Part: Sendable {
        case heading
        case transfer
        case line
        case summary

        func rank(_ id: String) -> Int? {
            switch self {
            case .heading: Self.headingRanks[id]
            case .transfer: Self.transferRanks[id]
            case .line: Self.lineRanks[id]
            case .summary: Self.summaryRanks[id]
            }
        }

        private static let headingRanks = ranks(["BPT", "CUR", "DTM", "REF", "PER", "MEA", "PSA", "N1", "LM", "LQ"])
        private static let transferRanks = ranks(["PTD", "DTM", "REF", "PRF", "PER", "MAN", "N1"])
        private static let lineRanks = ranks([
            "QTY", "LIN", "PO3", "PO4", "UIT", "AMT", "ITA", "PID", "MEA", "PWK", "PKG", "REF", "PER", "DTM", "CUR",
            "DD", "LDT", "LM", "LX", "FA1",
        ])
        private static let summaryRanks = ranks(["CTT", "SE"])

        private static func ranks(_ ids: [String]) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
        }
    }

    /// Segments that continue the loop that an N1, or an LX in the detail, has opened.
    static let continuesName: Set<String> = ["N1", "N2", "N3", "N4", "REF", "PER", "SII"]
    static let continuesAssignedNumber: Set<String> = ["LX", "REF", "DTM", "N1", "N2", "N3", "N4", "LM", "LQ"]
}
