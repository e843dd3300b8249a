import HoldingTenant

/// Reads the segments of one 867 set: checks each, keeps their order in view, and hands them to the interpreter.
struct X12SetReader: Sendable {
    private(set) var result: X12SetResult
    /// Why the set is not applied; `nil` while nothing speaks against it.
    private(set) var rejection: Finding?

    private var interpreter: X12Interpreter867
    private let isReport: Bool
    /// Segments so far, ST included.
    private var count = 1
    private var sawBPT = false
    private var part = X12Schema867.Part.heading
    private var rank = -1
    private var isInsideName = false
    private var isInsideAssignedNumber = false

    init(
        _ st: borrowing X12Segment, number: Int, group: String, catalogue: CarePackCatalogue,
        _ output: inout ReportOutput
    ) {
        result = X12SetResult(
            number: number, identifier: st.value(1) ?? "", controlNumber: st.value(2) ?? "")
        interpreter = X12Interpreter867(set: number, catalogue: catalogue)
        isReport = result.identifier == "867"
        var position = SourcePosition(line: st.line, segment: "ST", ordinal: 1)
        position.element = 1
        if group == "FA" {
            output.warn(
                "x12.set.acknowledgement", at: position, "an acknowledgement is neither applied nor acknowledged",
                fix: "nothing is to be done")
        } else if !isReport {
            reject(
                Finding(
                    .error, "x12.set.kind", at: position,
                    "transaction sets of the kind \(quoted(result.identifier)) are not read here",
                    fix: "send 867 reports"), &output)
            result.note(1, rejects: true)
        } else if result.controlNumber.isEmpty {
            result.note(7, rejects: false)
            output.warn(
                "x12.st.control-number", at: position.element(2), "the set has no control number",
                fix: "number the sets of a group, beginning with 0001")
        }
    }

    mutating func segment(_ segment: inout X12Segment, _ tally: inout LineTally, _ output: inout ReportOutput) {
        count += 1
        segment.ordinal = count
        guard isReport else { return }
        let id = segment.id
        if id == "BPT" { sawBPT = true }
        let isShiftedLIN = id == "LIN" && X12Interpreter867.hasShiftedPairs(segment)
        if isShiftedLIN {
            note(
                X12ElementError(element: 1, reference: 350, code: 1, isDecisive: false), in: segment,
                "the line number is missing, so the elements are one place too early", fix: "write LIN*1*MG*…", &output)
        } else if let schema = X12Schema867.segments[id] {
            check(segment, schema, &output)
        } else if !X12Schema867.unread.contains(id) {
            result.add(X12SegmentError(id: String(id.prefix(3)), ordinal: count, code: 1, elements: []))
            output.warn(
                "x12.segment.unknown", at: segment.position, "the 867 has no segment \(quoted(id)); it is not read",
                fix: "remove it")
            return
        }
        checkOrder(id, segment, &output)
        for fault in interpreter.segment(segment, id, &tally, &output) {
            note(fault.element, in: segment, fault.message, fix: fault.fix, &output)
        }
    }

    /// The SE segment.
    mutating func close(_ se: borrowing X12Segment, _ tally: inout LineTally, _ output: inout ReportOutput) {
        count += 1
        let position = SourcePosition(line: se.line, segment: "SE", ordinal: count)
        finish(position, &tally, &output)
        if se.value(1).flatMap({ Int($0) }) != count {
            result.note(4, rejects: false)
            output.warn(
                "x12.se.count", at: position.element(1),
                "the trailer counts \(quoted(se.text(1))) segments, the set has \(count)",
                fix: "count the segments from ST to SE, both included")
        }
        if !X12EnvelopeCheck.sameNumber(se.value(2), result.controlNumber) {
            result.note(3, rejects: true)
            reject(
                Finding(
                    .error, "x12.se.control-number", at: position.element(2),
                    "the trailer's control number is not the one of ST02, so two sets may be mixed",
                    fix: "repeat ST02 in SE02 and send the set again"), &output)
        }
    }

    mutating func closeWithoutTrailer(at line: Int, _ tally: inout LineTally, _ output: inout ReportOutput) {
        let position = SourcePosition(line: line, segment: "SE", ordinal: count + 1)
        finish(position, &tally, &output)
        result.note(2, rejects: true)
        reject(
            Finding(
                .error, "x12.se.missing", at: position, "the set has no end, so a part of it may be missing",
                fix: "send the set again with its SE segment"), &output)
    }

    private mutating func finish(
        _ position: SourcePosition, _ tally: inout LineTally, _ output: inout ReportOutput
    ) {
        guard isReport else { return }
        interpreter.finish(position, &tally, &output)
        if !sawBPT {
            result.add(X12SegmentError(id: "BPT", ordinal: 2, code: 3, elements: []))
            result.isRejected = true
            reject(
                Finding(
                    .error, "x12.bpt.missing", at: position, "the set has no BPT segment",
                    fix: "begin the report with BPT*00*…"), &output)
        }
        if interpreter.transfers == 0 {
            result.add(X12SegmentError(id: "PTD", ordinal: count, code: 3, elements: []))
            output.warn(
                "x12.ptd.missing", at: position, "the report has no PTD segment", fix: "begin each sale with PTD")
        }
    }

    private mutating func check(
        _ segment: borrowing X12Segment, _ schema: X12Schema867.Segment, _ output: inout ReportOutput
    ) {
        var errors = X12ElementCheck.check(segment, as: schema)
        guard !errors.isEmpty else { return }
        if segment.is("REF"), segment.value(1) != "SE" {
            errors = errors.map {
                X12ElementError(element: $0.element, reference: $0.reference, code: $0.code, isDecisive: false)
            }
        }
        result.add(X12SegmentError(id: segment.id, ordinal: count, code: 8, elements: errors))
        for error in errors { report(error, in: segment, error.message, fix: error.fix, &output) }
    }

    private mutating func note(
        _ error: X12ElementError, in segment: borrowing X12Segment, _ message: String, fix: String,
        _ output: inout ReportOutput
    ) {
        result.add(X12SegmentError(id: segment.id, ordinal: count, code: 8, elements: [error]))
        report(error, in: segment, message, fix: fix, &output)
    }

    private mutating func report(
        _ error: X12ElementError, in segment: borrowing X12Segment, _ message: String, fix: String,
        _ output: inout ReportOutput
    ) {
        let finding = Finding(
            error.isDecisive ? .error : .warning, "x12.element.\(error.word)",
            at: segment.position.element(error.element), message, fix: fix)
        if error.isDecisive {
            result.isRejected = true
            reject(finding, &output)
        } else {
            output.findings.append(finding)
        }
    }

    private mutating func reject(_ finding: Finding, _ output: inout ReportOutput) {
        output.findings.append(finding)
        rejection = rejection ?? finding
    }

    private mutating func checkOrder(
        _ id: String, _ segment: borrowing X12Segment, _ output: inout ReportOutput
    ) {
        if isInsideAssignedNumber, X12Schema867.continuesAssignedNumber.contains(id) { return }
        if isInsideName, X12Schema867.continuesName.contains(id) { return }
        isInsideName = id == "N1"
        isInsideAssignedNumber = part == .line && id == "LX"
        switch id {
        case "PTD": enter(.transfer)
        case "QTY" where interpreter.beginsLine(quantity: true): enter(.line)
        case "LIN" where interpreter.beginsLine(quantity: false):
            enter(.line)
            outOfOrder(7, id, segment, "LIN stands before its QTY", fix: "write QTY before LIN", &output)
        case "CTT": enter(.summary)
        default: break
        }
        guard let newRank = part.rank(id) else {
            outOfOrder(2, id, segment, "the segment cannot stand here", fix: "follow the order of the 867", &output)
            return
        }
        if newRank < rank {
            outOfOrder(
                7, id, segment, "the segment stands after one that follows it in the 867",
                fix: "follow the order of the 867", &output)
        }
        rank = max(rank, newRank)
    }

    private mutating func enter(_ next: X12Schema867.Part) {
        part = next
        rank = -1
    }

    private mutating func outOfOrder(
        _ code: Int, _ id: String, _ segment: borrowing X12Segment, _ message: String, fix: String,
        _ output: inout ReportOutput
    ) {
        result.add(X12SegmentError(id: id, ordinal: count, code: code, elements: []))
        output.warn("x12.segment.order", at: segment.position, message, fix: fix)
    }
}
