package import HoldingTenant

/// Reads EDIFACT interchanges with SLSRPT messages (directory D.96A): bytes in, lines and findings out.
package struct SalesReportReader: Sendable {
    private var tokenizer = EDIFACTTokenizer()
    private var envelope: Envelope

    package init(catalogue: CarePackCatalogue) {
        envelope = Envelope(catalogue: catalogue)
    }

    /// Who sent the interchange; known once its UNB segment was read.
    package var sender: ReportEnvelope? { envelope.summary.envelope }

    package mutating func read(_ chunk: ArraySlice<UInt8>, into output: inout ReportOutput) {
        var envelope = takeEnvelope()
        tokenizer.read(chunk) { envelope.segment(&$0, &output) }
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

extension SalesReportReader {
    /// The interchange and its messages.
    struct Envelope: Sendable {
        let catalogue: CarePackCatalogue
        var summary = ReportSummary()
        private var tally = LineTally()
        private var message: SalesReportMessage?
        private var messages = 0
        private var messageSegments = 0
        private var messageReference: String?
        private var isOpen = false
        private var isClosed = false

        init(catalogue: CarePackCatalogue) {
            self.catalogue = catalogue
        }

        mutating func segment(_ segment: inout EDIFACTSegment, _ output: inout ReportOutput) {
            switch segment.tag {
            case "UNB": open(segment, &output)
            case "UNZ": close(segment, &output)
            case "UNG", "UNE": break
            case "UNH":
                closeMessageWithoutTrailer(segment.line, &output)
                openMessage(&segment, &output)
            case "UNT" where message != nil:
                messageSegments += 1
                segment.ordinal = messageSegments
                closeMessage(segment, &output)
            default:
                guard message != nil else {
                    output.warn(
                        "edifact.segment.outside", at: segment.position, "the segment stands outside of a message",
                        fix: "put it between UNH and UNT")
                    return
                }
                messageSegments += 1
                segment.ordinal = messageSegments
                message?.segment(segment, &tally, &output)
            }
        }

        private mutating func open(_ unb: EDIFACTSegment, _ output: inout ReportOutput) {
            if isOpen {
                reject(
                    "edifact.unb.repeated", unb.position, "a second interchange begins in the same file",
                    fix: "send each interchange in a file of its own", &output)
                return
            }
            isOpen = true
            summary.isTest = unb.text(11) == "1"
            summary.envelope = ReportEnvelope(
                sender: unb.text(2) ?? "", receiver: unb.text(3) ?? "", controlNumber: unb.text(5) ?? "",
                isTest: summary.isTest)
            if unb.text(2) == nil {
                reject("edifact.unb.sender", unb.position.element(2), "the sender is missing", fix: "name it", &output)
            }
            if unb.text(5) == nil {
                reject(
                    "edifact.unb.reference", unb.position.element(5), "the control reference is missing",
                    fix: "give every interchange a reference of its own", &output)
            }
        }

        private mutating func close(_ unz: EDIFACTSegment, _ output: inout ReportOutput) {
            closeMessageWithoutTrailer(unz.line, &output)
            isClosed = true
            if unz.text(1).flatMap({ Int($0) }) != messages {
                output.warn(
                    "edifact.unz.count", at: unz.position.element(1),
                    "the trailer counts \(quoted(unz.text(1) ?? "")) messages, the interchange has \(messages)",
                    fix: "count the UNH segments")
            }
            if !X12EnvelopeCheck.sameNumber(unz.text(2), summary.envelope?.controlNumber ?? "") {
                reject(
                    "edifact.unz.reference", unz.position.element(2),
                    "the trailer's control reference is not the one of UNB, so the end may be missing",
                    fix: "repeat the reference of UNB in UNZ and send the whole interchange again", &output)
            }
        }

        private mutating func openMessage(_ unh: inout EDIFACTSegment, _ output: inout ReportOutput) {
            unh.ordinal = 1
            messageSegments = 1
            messageReference = unh.text(1)
            message = SalesReportMessage(set: messages, catalogue: catalogue)
            if unh.text(2) != "SLSRPT" {
                rejectSet(
                    Finding(
                        .error, "edifact.message.kind", at: unh.position.element(2),
                        "messages of the kind \(quoted(unh.text(2) ?? "")) are not read here",
                        fix: "send SLSRPT messages, directory D.96A"), &output)
            } else if unh.text(2, 2) != "D" || unh.text(2, 3) != "96A" {
                output.warn(
                    "edifact.message.release", at: unh.position.element(2, component: 3),
                    "the message is read as directory D.96A", fix: "send SLSRPT:D:96A:UN")
            }
            messages += 1
        }

        private mutating func closeMessage(_ unt: EDIFACTSegment, _ output: inout ReportOutput) {
            message?.finish(&tally, &output)
            summary.lines = tally.lines
            summary.devices = tally.devices
            if unt.text(1).flatMap({ Int($0) }) != messageSegments {
                output.warn(
                    "edifact.unt.count", at: unt.position.element(1),
                    "the trailer counts \(quoted(unt.text(1) ?? "")) segments, the message has \(messageSegments)",
                    fix: "count the segments from UNH to UNT, both included")
            }
            if !X12EnvelopeCheck.sameNumber(unt.text(2), messageReference ?? "") {
                rejectSet(
                    Finding(
                        .error, "edifact.unt.reference", at: unt.position.element(2),
                        "the trailer's reference is not the one of UNH, so two messages may be mixed",
                        fix: "repeat the reference of UNH in UNT"), &output)
            }
            message = nil
        }

        private mutating func closeMessageWithoutTrailer(_ line: Int, _ output: inout ReportOutput) {
            guard message != nil else { return }
            message?.finish(&tally, &output)
            summary.lines = tally.lines
            summary.devices = tally.devices
            rejectSet(
                Finding(
                    .error, "edifact.unt.missing", at: SourcePosition(line: line, segment: "UNT"),
                    "the message has no end, so a part of it may be missing", fix: "send the message again"), &output)
            message = nil
        }

        mutating func end(_ failure: (reason: EDIFACTTokenizer.Failure, line: Int)?, _ output: inout ReportOutput) {
            let line = failure?.line ?? 1
            switch failure?.reason {
            case .segmentTooLong:
                reject(
                    "edifact.segment.too-long", SourcePosition(line: line),
                    "a segment has more than \(EDIFACTTokenizer.segmentBytesMax) bytes; its terminator must be missing",
                    fix: "end each segment with the terminator that UNA names", &output)
            case .unfinishedSegment:
                reject(
                    "edifact.segment.unfinished", SourcePosition(line: line), "the file ends inside a segment",
                    fix: "send the whole file again", &output)
            case .noInterchange, nil:
                break
            }
            closeMessageWithoutTrailer(line, &output)
            if !isOpen {
                reject(
                    "edifact.unb.missing", SourcePosition(line: line), "the file has no UNB segment",
                    fix: "send an EDIFACT interchange, or name the format that the file has", &output)
            } else if !isClosed {
                reject(
                    "edifact.unz.missing", SourcePosition(line: line),
                    "the interchange has no end, so a part of it may be missing",
                    fix: "send the whole interchange again", &output)
            }
        }

        private mutating func rejectSet(_ finding: Finding, _ output: inout ReportOutput) {
            output.findings.append(finding)
            let set = message?.set ?? messages
            if summary.rejectedSets[set] == nil { summary.rejectedSets[set] = finding }
        }

        private mutating func reject(
            _ code: String, _ position: SourcePosition, _ message: String, fix: String, _ output: inout ReportOutput
        ) {
            let finding = Finding(.error, code, at: position, message, fix: fix)
            output.findings.append(finding)
            summary.rejection = summary.rejection ?? finding
        }
    }
}
