/// Decides what a file is that may have been sent before. Control numbers are unique for each reporter.
package enum DuplicateRules {
    package enum Verdict: Hashable, Sendable {
        case new
        /// The same bytes again: the first report answers, and nothing is applied.
        case replay(reportID: String)
        /// The control number was used for other bytes: refused, TA1 note 025.
        case conflict(reportID: String)
    }

    /// An earlier report of the same reporter.
    package struct Earlier: Hashable, Sendable {
        package let reportID: String
        /// SHA-256 of the file's bytes.
        package let digest: [UInt8]
        /// `nil` for a format without one.
        package let controlNumber: String?

        package init(reportID: String, digest: [UInt8], controlNumber: String?) {
            self.reportID = reportID
            self.digest = digest
            self.controlNumber = controlNumber
        }
    }

    /// - Parameter earlier: the reports of the same reporter that have this digest or this control number.
    package static func judge(digest: [UInt8], controlNumber: String?, earlier: [Earlier]) -> Verdict {
        if let same = earlier.first(where: { $0.digest == digest }) { return .replay(reportID: same.reportID) }
        guard let controlNumber else { return .new }
        let other = earlier.first { report in
            report.controlNumber.map { X12EnvelopeCheck.sameNumber(controlNumber, $0) } ?? false
        }
        return other.map { .conflict(reportID: $0.reportID) } ?? .new
    }
}
