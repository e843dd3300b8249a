/// TA1 and 997: what the reader found, in the words of X12.
package enum X12Acknowledgements {
    /// The interchange acknowledgement: whether envelope and control numbers are right.
    ///
    /// - Parameter duplicate: the control number was used before with other bytes; nothing else is told then.
    package static func ta1(
        for result: X12InterchangeResult, duplicate: Bool = false, envelope: AcknowledgementEnvelope
    ) -> String {
        var writer = X12Writer(answering: result, envelope: envelope)
        let control = result.controlNumber.allSatisfy(\.isNumber) ? Int(result.controlNumber) ?? 0 : 0
        writer.segment([
            "TA1", X12Writer.padded(control, 9), result.date, result.time, duplicate ? "R" : result.status.rawValue,
            duplicate ? "025" : result.note,
        ])
        writer.close()
        return writer.text
    }

    /// The functional acknowledgement: one set for each group. `nil` if nothing is to be acknowledged: the interchange
    /// was rejected, or it holds acknowledgements only, which are never acknowledged themselves.
    package static func functional(
        for result: X12InterchangeResult, envelope: AcknowledgementEnvelope
    ) -> String? {
        let groups = result.groups.filter { $0.functionalID != "FA" }
        guard !groups.isEmpty, !result.isRejected else { return nil }
        var writer = X12Writer(answering: result, envelope: envelope)
        writer.openGroup("FA")
        for group in groups {
            writer.openSet("997")
            writer.segment(["AK1", group.functionalID, group.controlNumber])
            for set in group.sets { write(set, &writer) }
            writer.segment(
                [
                    "AK9", group.status.rawValue, String(group.declaredSets), String(group.sets.count),
                    String(group.acceptedSets),
                ] + group.codes.prefix(5).map(String.init))
            writer.closeSet()
        }
        writer.closeGroup()
        writer.close()
        return writer.text
    }

    private static func write(_ set: X12SetResult, _ writer: inout X12Writer) {
        writer.segment(["AK2", set.identifier, set.controlNumber])
        for error in set.segments {
            writer.segment(["AK3", error.id, String(error.ordinal), "", String(error.code)])
            for element in error.elements {
                writer.segment([
                    "AK4", String(element.element), element.reference.map(String.init) ?? "", String(element.code),
                ])
            }
        }
        writer.segment(["AK5", set.status.rawValue] + set.codes.sorted().prefix(5).map(String.init))
    }
}
