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
        let start = head.drop { blanks.contains($0) }.prefix(4)
        let letters = decoded(Array(start))
        let separates = start.count == 4 && !(letters.last?.isLetter ?? true) && !(letters.last?.isNumber ?? true)
        if letters.hasPrefix("ISA"), separates, letters.last != ",", letters.last != ";" { return .x12 }
        if letters.hasPrefix("UNA") || (letters.hasPrefix("UNB") && separates) { return .edifact }
        return .csv
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

    /// Reads the next bytes. Lines and findings are added to `output`, from where the caller takes them.
    package mutating func read(_ chunk: some Sequence<UInt8>, into output: inout ReportOutput) {
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
