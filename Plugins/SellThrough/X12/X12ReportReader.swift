package import HoldingTenant

/// Reads X12 interchanges with 867 reports: bytes in, lines and findings out.
///
/// Lenient with what senders get wrong every day, and strict in what is concluded: a set with a fault on which a
/// conclusion rests is rejected as a whole, and an interchange whose end does not match its beginning is not applied.
/// Memory does not grow with the file, apart from the serial numbers seen (about 50 bytes each).
package struct X12ReportReader: Sendable {
    private var tokenizer = X12Tokenizer()
    private var envelope: Envelope

    package init(catalogue: CarePackCatalogue) {
        envelope = Envelope(catalogue: catalogue)
    }

    /// Who sent the first interchange; known once its ISA segment was read.
    package var sender: ReportEnvelope? { envelope.summary.envelope }

    package mutating func read(_ chunk: ArraySlice<UInt8>, into output: inout ReportOutput) {
        // Taken out and put back, so that the closure has it for itself while the tokenizer works.
        var envelope = takeEnvelope()
        tokenizer.read(chunk) { envelope.segment(&$0, &output) }
        if tokenizer.sawWrappedLines { envelope.sawWrappedLines(&output) }
        self.envelope = envelope
    }

    package mutating func finish(into output: inout ReportOutput) -> ReportSummary {
        var envelope = takeEnvelope()
        tokenizer.finish { envelope.segment(&$0, &output) }
        envelope.end(tokenizer.failure, &output)
        self.envelope = envelope
        return envelope.summary
    }

    private mutating func takeEnvelope() -> Envelope {
        let taken = envelope
        envelope = Envelope(catalogue: CarePackCatalogue(tiers: [:]))
        return taken
    }
}

extension X12ReportReader {
    /// Interchanges, groups and sets: opens and closes them in the right order, and hands the segments of 867 sets on.
    struct Envelope: Sendable {
        let catalogue: CarePackCatalogue
        var summary = ReportSummary()
        private var interchange: X12InterchangeResult?
        private var group: X12GroupResult?
        private var set: X12SetReader?
        private var setsSeen = 0
        private var tally = LineTally()
        private var firstSetOfInterchange = 0
        private var firstSetOfGroup = 0
        private var warnedOfWrappedLines = false

        init(catalogue: CarePackCatalogue) {
            self.catalogue = catalogue
        }

        mutating func segment(_ segment: inout X12Segment, _ output: inout ReportOutput) {
            if segment.is("ISA") {
                closeInterchange(at: segment.line, &output)
                let opened = X12EnvelopeCheck.open(segment, output: &output)
                summary.envelope =
                    summary.envelope
                    ?? ReportEnvelope(
                        sender: opened.sender, receiver: opened.receiver, controlNumber: opened.controlNumber,
                        isTest: opened.isTest)
                summary.isTest = summary.isTest || opened.isTest
                interchange = opened
                firstSetOfInterchange = setsSeen
            } else if segment.is("GS") {
                closeGroup(at: segment.line, &output)
                group = X12EnvelopeCheck.openGroup(segment, output: &output)
                firstSetOfGroup = setsSeen
            } else if segment.is("ST") {
                openSet(&segment, &output)
            } else if segment.is("SE"), set != nil {
                set?.close(segment, &tally, &output)
                finishSet(&output)
            } else if segment.is("GE"), group != nil {
                closeSet(at: segment.line, &output)
                if var closing = group {
                    X12EnvelopeCheck.closeGroup(segment, &closing, output: &output)
                    finishGroup(closing, segment.position, &output)
                }
            } else if segment.is("IEA"), interchange != nil {
                closeGroup(at: segment.line, &output)
                if var closing = interchange {
                    X12EnvelopeCheck.close(segment, &closing, output: &output)
                    finishInterchange(closing, segment.position)
                }
            } else if set != nil {
                set?.segment(&segment, &tally, &output)
            } else {
                interchange?.note("022", rejects: false)
                output.warn(
                    "x12.segment.outside", at: segment.position, "the segment stands outside of a transaction set",
                    fix: "put it between ST and SE")
            }
        }

        private mutating func openSet(_ segment: inout X12Segment, _ output: inout ReportOutput) {
            closeSet(at: segment.line, &output)
            if group == nil {
                interchange?.note("024", rejects: false)
                output.warn(
                    "x12.gs.missing", at: segment.position, "the set stands outside of a group",
                    fix: "put a GS segment before the first ST")
                group = X12GroupResult(functionalID: "PT", controlNumber: "", version: "004010")
            }
            set = X12SetReader(
                segment, number: setsSeen, group: group?.functionalID ?? "", catalogue: catalogue, &output)
            setsSeen += 1
        }

        private mutating func finishSet(_ output: inout ReportOutput) {
            guard let finished = set else { return }
            if let rejection = finished.rejection { summary.rejectedSets[finished.result.number] = rejection }
            group?.sets.append(finished.result)
            summary.lines = tally.lines
            summary.devices = tally.devices
            set = nil
        }

        /// Ends a set that has no SE.
        private mutating func closeSet(at line: Int, _ output: inout ReportOutput) {
            guard set != nil else { return }
            set?.closeWithoutTrailer(at: line, &tally, &output)
            finishSet(&output)
        }

        /// Ends a group that has no GE.
        private mutating func closeGroup(at line: Int, _ output: inout ReportOutput) {
            closeSet(at: line, &output)
            guard var closing = group else { return }
            closing.codes.append(3)
            closing.isRejected = true
            closing.declaredSets = closing.sets.count
            let position = SourcePosition(line: line, segment: "GE", ordinal: nil)
            output.fail(
                "x12.ge.missing", at: position, "the group has no end", fix: "send the group again with its GE segment")
            finishGroup(closing, position, &output)
        }

        private mutating func finishGroup(
            _ closed: X12GroupResult, _ position: SourcePosition, _ output: inout ReportOutput
        ) {
            if closed.isRejected {
                for number in firstSetOfGroup..<setsSeen where summary.rejectedSets[number] == nil {
                    summary.rejectedSets[number] = Finding(
                        .error, "x12.group.rejected", at: position, "the group of this line was rejected",
                        fix: "correct the group's GS and GE segments and send it again")
                }
            }
            interchange?.groups.append(closed)
            group = nil
        }

        /// Ends an interchange that has no IEA.
        private mutating func closeInterchange(at line: Int, _ output: inout ReportOutput) {
            closeGroup(at: line, &output)
            guard var closing = interchange else { return }
            let position = SourcePosition(line: line, segment: "IEA", ordinal: nil)
            closing.note("023", rejects: true)
            output.fail(
                "x12.iea.missing", at: position, "the interchange has no end, so a part of it may be missing",
                fix: "send the whole interchange again")
            finishInterchange(closing, position)
        }

        private mutating func finishInterchange(_ closed: X12InterchangeResult, _ position: SourcePosition) {
            if closed.isRejected {
                let rejection = Finding(
                    .error, "x12.interchange.rejected", at: position,
                    "the interchange of this line was rejected (TA1 note \(closed.note))",
                    fix: "correct the interchange's ISA and IEA segments and send it again")
                for number in firstSetOfInterchange..<setsSeen { summary.rejectedSets[number] = rejection }
                if summary.interchanges.allSatisfy(\.isRejected) { summary.rejection = rejection }
            } else {
                summary.rejection = nil
            }
            summary.interchanges.append(closed)
            interchange = nil
        }

        mutating func sawWrappedLines(_ output: inout ReportOutput) {
            guard !warnedOfWrappedLines else { return }
            warnedOfWrappedLines = true
            output.warn(
                "x12.lines.wrapped", at: SourcePosition(line: 1), "segments are broken over several lines",
                fix: "break lines after segment terminators only")
        }

        mutating func end(_ failure: (reason: X12Tokenizer.Failure, line: Int)?, _ output: inout ReportOutput) {
            if let failure, failure.reason != .noInterchange || summary.interchanges.isEmpty {
                let finding = Self.finding(failure.reason, line: failure.line)
                output.findings.append(finding)
                if summary.interchanges.isEmpty { summary.rejection = finding }
            } else if let failure {
                output.warn(
                    "x12.interchange.trailing", at: SourcePosition(line: failure.line),
                    "something that is no interchange follows after IEA", fix: "end the file after IEA")
            }
            closeInterchange(at: failure?.line ?? 1, &output)
            if summary.interchanges.isEmpty, failure == nil {
                let finding = Self.finding(.noInterchange, line: 1)
                output.findings.append(finding)
                summary.rejection = finding
            }
        }

        private static func finding(_ reason: X12Tokenizer.Failure, line: Int) -> Finding {
            let position = SourcePosition(line: line)
            switch reason {
            case .noInterchange:
                return Finding(
                    .error, "x12.isa.missing", at: position, "the file does not begin with an ISA segment",
                    fix: "send an X12 interchange, or name the format that the file has")
            case .isaElements:
                return Finding(
                    .error, "x12.isa.elements", at: position, "the ISA segment does not have sixteen elements",
                    fix: "write all sixteen elements, with one separator before each")
            case .segmentTooLong:
                return Finding(
                    .error, "x12.segment.too-long", at: position,
                    "a segment has more than \(X12Tokenizer.segmentBytesMax) bytes; its terminator must be missing",
                    fix: "end each segment with the byte that follows ISA16")
            case .unfinishedSegment:
                return Finding(
                    .error, "x12.segment.unfinished", at: position, "the file ends inside a segment",
                    fix: "send the whole file again")
            }
        }
    }
}
