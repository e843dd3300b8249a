/// What the reader found out about one interchange; what TA1 and 997 are written from.
package struct X12InterchangeResult: Hashable, Sendable {
    /// The verdict of TA104 and, for sets and groups, of AK501 and AK901.
    package enum Status: String, Hashable, Sendable {
        case accepted = "A"
        case acceptedWithErrors = "E"
        case partiallyAccepted = "P"
        case rejected = "R"
    }

    package var senderQualifier: String
    package var sender: String
    package var receiverQualifier: String
    package var receiver: String
    /// ISA09 and ISA10 as they came.
    package var date: String
    package var time: String
    package var version: String
    package var controlNumber: String
    /// ISA14: the sender asks for a TA1.
    package var asksForTA1: Bool
    /// ISA15 was not `P`.
    package var isTest: Bool
    package var groups: [X12GroupResult] = []
    /// TA105: `000` if there is nothing to say, otherwise the first that was found.
    package var note = "000"
    package var isRejected = false

    package var status: Status {
        if isRejected { return .rejected }
        return note == "000" ? .accepted : .acceptedWithErrors
    }

    mutating func note(_ code: String, rejects: Bool) {
        // A reason to reject is told before one that was overlooked.
        if note == "000" || (rejects && !isRejected) { note = code }
        isRejected = isRejected || rejects
    }
}

/// One functional group of an interchange.
package struct X12GroupResult: Hashable, Sendable {
    /// GS01: `PT` for the 867.
    package var functionalID: String
    /// GS02 and GS03.
    package var senderCode = ""
    package var receiverCode = ""
    /// GS04 and GS05 as they came.
    package var date = ""
    package var time = ""
    package var controlNumber: String
    package var version: String
    package var sets: [X12SetResult] = []
    /// GE01 as it came; the number of sets received if there was no GE.
    package var declaredSets = 0
    /// AK905 to AK909.
    package var codes: [Int] = []
    package var isRejected = false

    package var status: X12InterchangeResult.Status {
        let rejected = sets.count { $0.isRejected }
        if isRejected || (!sets.isEmpty && rejected == sets.count) { return .rejected }
        if rejected > 0 { return .partiallyAccepted }
        return codes.isEmpty && sets.allSatisfy { $0.status == .accepted } ? .accepted : .acceptedWithErrors
    }

    package var acceptedSets: Int {
        isRejected ? 0 : sets.count { !$0.isRejected }
    }
}

/// One transaction set of a group.
package struct X12SetResult: Hashable, Sendable {
    /// The number that ties lines to the set; counted from 0 through the file.
    package var number: Int
    /// ST01.
    package var identifier: String
    package var controlNumber: String
    package var segments: [X12SegmentError] = []
    /// Faults beyond ``X12SetResult/segmentErrorsMax``; they are in the report's lines, not in the 997.
    package var unlistedErrors = 0
    /// AK502 to AK506.
    package var codes: [Int] = []
    package var isRejected = false

    /// A 997 lists at most this many segments: it has to stay small enough for one answer.
    package static let segmentErrorsMax = 200

    package var status: X12InterchangeResult.Status {
        if isRejected { return .rejected }
        return codes.isEmpty && segments.isEmpty ? .accepted : .acceptedWithErrors
    }

    mutating func add(_ error: X12SegmentError) {
        if segments.count < Self.segmentErrorsMax { segments.append(error) } else { unlistedErrors += 1 }
        if !codes.contains(5) { codes.append(5) }
    }

    mutating func note(_ code: Int, rejects: Bool) {
        if !codes.contains(code) { codes.append(code) }
        isRejected = isRejected || rejects
    }
}

/// One faulty segment of a set.
package struct X12SegmentError: Hashable, Sendable {
    package let id: String
    /// Counted from ST as 1.
    package let ordinal: Int
    /// AK304: 1 unknown segment, 2 unexpected segment, 3 mandatory segment missing, 5 more often than allowed,
    /// 7 not in sequence, 8 element errors.
    package let code: Int
    package let elements: [X12ElementError]
}
