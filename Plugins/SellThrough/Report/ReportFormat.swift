package import HoldingTenant

/// The formats that sell-through reports come in.
package enum ReportFormat: String, Hashable, Sendable, CaseIterable {
    case x12
    case edifact
    case csv

    /// What the first bytes of a file look like; a flat file if they are neither X12 nor EDIFACT.
    ///
    /// - Parameter head: the first bytes, 64 are enough.
    package static func detect(_ head: some Collection<UInt8>) -> ReportFormat {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
        let start = Array(head.drop { blanks.contains($0) }.prefix(9))
        if start.starts(with: "UNA".utf8) { return .edifact }
        guard start.count > 3, !isLetterOrDigit(start[3]) else { return .csv }
        if start.starts(with: "UNB".utf8) { return .edifact }
        // ISA01 has two characters, so the separator comes again at once; a heading such as ISA_number has none.
        if start.starts(with: "ISA".utf8), start.dropFirst(4).contains(start[3]) { return .x12 }
        return .csv
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// A reader of any of the formats.
package enum ReportReader: Sendable {
    case x12(X12ReportReader)
    case edifact(SalesReportReader)
    case csv(FlatFileReader)

    package init(_ format: ReportFormat, catalogue: CarePackCatalogue) {
        switch format {
        case .x12: self = .x12(X12ReportReader(catalogue: catalogue))
        case .edifact: self = .edifact(SalesReportReader(catalogue: catalogue))
        case .csv: self = .csv(FlatFileReader(catalogue: catalogue))
        }
    }

    /// Who sent the file, once its beginning was read; nil for a flat file.
    package var sender: ReportEnvelope? {
        switch self {
        case .x12(let reader): reader.sender
        case .edifact(let reader): reader.sender
        case .csv: nil
        }
    }

    /// Reads the next bytes. Lines and findings are added to `output`, from where the caller takes them.
    package mutating func read(_ chunk: ArraySlice<UInt8>, into output: inout ReportOutput) {
        switch consume self {
        case .x12(var reader):
            reader.read(chunk, into: &output)
            self = .x12(reader)
        case .edifact(var reader):
            reader.read(chunk, into: &output)
            self = .edifact(reader)
        case .csv(var reader):
            reader.read(chunk, into: &output)
            self = .csv(reader)
        }
    }

    /// The file has ended.
    package mutating func finish(into output: inout ReportOutput) -> ReportSummary {
        switch consume self {
        case .x12(var reader):
            let summary = reader.finish(into: &output)
            self = .x12(reader)
            return summary
        case .edifact(var reader):
            let summary = reader.finish(into: &output)
            self = .edifact(reader)
            return summary
        case .csv(var reader):
            let summary = reader.finish(into: &output)
            self = .csv(reader)
            return summary
        }
    }
}
