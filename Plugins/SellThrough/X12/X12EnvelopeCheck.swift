import HoldingTenant

/// The rules for ISA, IEA, GS and GE.
enum X12EnvelopeCheck {
    /// The width of each ISA element and the TA105 code of a fault in it.
    private static let isaElements: [(width: Int, note: String)] = [
        (2, "010"), (10, "011"), (2, "012"), (10, "013"), (2, "005"), (15, "006"), (2, "007"), (15, "008"),
        (6, "014"), (4, "015"), (1, "016"), (5, "017"), (9, "018"), (1, "019"), (1, "020"), (1, "027"),
    ]

    static func open(_ isa: borrowing X12Segment, output: inout ReportOutput) -> X12InterchangeResult {
        var result = X12InterchangeResult(
            senderQualifier: isa.value(5) ?? "", sender: isa.value(6) ?? "", receiverQualifier: isa.value(7) ?? "",
            receiver: isa.value(8) ?? "", date: isa.value(9) ?? "", time: isa.value(10) ?? "",
            version: isa.value(12) ?? "", controlNumber: isa.value(13) ?? "", asksForTA1: isa.value(14) == "1",
            isTest: isa.value(15) != "P")
        let position = SourcePosition(line: isa.line, segment: "ISA", ordinal: nil)
        for (index, element) in isaElements.enumerated() {
            let width = isa.range(index + 1).count
            guard width != element.width else { continue }
            result.note(element.note, rejects: false)
            output.warn(
                "x12.isa.width", at: position.element(index + 1),
                "the element has \(width) characters instead of \(element.width)",
                fix: "fill ISA elements with spaces, or numbers with zeros in front, to their fixed width")
        }
        if result.sender.isEmpty {
            result.note("006", rejects: true)
            output.fail("x12.isa.sender", at: position.element(6), "the sender is missing", fix: "fill in ISA06")
        }
        let control = result.controlNumber
        if control.isEmpty || !control.utf8.allSatisfy({ (0x30...0x39).contains($0) }) || control.utf8.count > 9 {
            result.note("018", rejects: true)
            output.fail(
                "x12.isa.control-number", at: position.element(13), "the control number is not a number",
                fix: "give every interchange a number of its own, nine digits")
        }
        if !["P", "T", "I"].contains(isa.value(15) ?? "") {
            result.note("020", rejects: true)
            output.fail(
                "x12.isa.usage", at: position.element(15), "the interchange says neither production nor test",
                fix: "write P for production or T for a test")
        }
        return result
    }

    static func close(
        _ iea: borrowing X12Segment, _ result: inout X12InterchangeResult, output: inout ReportOutput
    ) {
        let position = SourcePosition(line: iea.line, segment: "IEA", ordinal: nil)
        if iea.value(1).flatMap({ Int($0) }) != result.groups.count {
            result.note("021", rejects: false)
            output.warn(
                "x12.iea.count", at: position.element(1),
                "the trailer counts \(quoted(iea.text(1))) groups, the interchange has \(result.groups.count)",
                fix: "count the GS segments")
        }
        if !sameNumber(iea.value(2), result.controlNumber) {
            result.note("001", rejects: true)
            output.fail(
                "x12.iea.control-number", at: position.element(2),
                "the trailer's control number is not the one of ISA13, so the end of the interchange may be missing",
                fix: "repeat ISA13 in IEA02 and send the whole interchange again")
        }
        if result.groups.isEmpty {
            result.note("024", rejects: false)
            output.warn(
                "x12.interchange.empty", at: position, "the interchange has no group", fix: "send at least one group")
        }
    }

    static func openGroup(_ gs: borrowing X12Segment, output: inout ReportOutput) -> X12GroupResult {
        var group = X12GroupResult(
            functionalID: gs.value(1) ?? "", controlNumber: gs.value(6) ?? "", version: gs.value(8) ?? "")
        group.senderCode = gs.value(2) ?? ""
        group.receiverCode = gs.value(3) ?? ""
        group.date = gs.value(4) ?? ""
        group.time = gs.value(5) ?? ""
        let position = SourcePosition(line: gs.line, segment: "GS", ordinal: nil)
        let release = Int(group.version.prefix(6)) ?? 0
        if group.functionalID != "PT", group.functionalID != "FA" {
            group.codes.append(1)
            group.isRejected = true
            output.fail(
                "x12.gs.kind", at: position.element(1),
                "groups of the kind \(quoted(group.functionalID)) are not read here",
                fix: "send 867 reports in groups of the kind PT")
        } else if !(3_060...5_010).contains(release), group.functionalID == "PT" {
            group.codes.append(2)
            group.isRejected = true
            output.fail(
                "x12.gs.version", at: position.element(8), "the release \(quoted(group.version)) cannot be read",
                fix: "send release 004010")
        } else if release != 4_010, group.functionalID == "PT" {
            output.warn(
                "x12.gs.version", at: position.element(8), "the release \(group.version) is read as 004010",
                fix: "send release 004010")
        }
        return group
    }

    static func closeGroup(_ ge: borrowing X12Segment, _ group: inout X12GroupResult, output: inout ReportOutput) {
        let position = SourcePosition(line: ge.line, segment: "GE", ordinal: nil)
        let declared = ge.value(1).flatMap { Int($0) }
        group.declaredSets = declared ?? group.sets.count
        if declared != group.sets.count {
            group.codes.append(5)
            output.warn(
                "x12.ge.count", at: position.element(1),
                "the trailer counts \(quoted(ge.text(1))) sets, the group has \(group.sets.count)",
                fix: "count the ST segments of the group")
        }
        if !sameNumber(ge.value(2), group.controlNumber) {
            group.codes.append(4)
            group.isRejected = true
            output.fail(
                "x12.ge.control-number", at: position.element(2), "the trailer's control number is not the one of GS06",
                fix: "repeat GS06 in GE02 and send the group again")
        }
    }

    /// Whether two control numbers are the same number; zeros in front do not count.
    static func sameNumber(_ left: String?, _ right: String) -> Bool {
        guard let left else { return false }
        if left == right { return true }
        guard let first = Int(left), let second = Int(right) else { return false }
        return first == second
    }
}
