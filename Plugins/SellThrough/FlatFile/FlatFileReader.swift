package import HoldingTenant

/// Reads flat point-of-sale files as spreadsheets really write them: bytes in, lines and findings out.
package struct FlatFileReader: Sendable {
    private var tokenizer = FlatFileTokenizer()
    private var rows: Rows

    package init(catalogue: CarePackCatalogue) {
        rows = Rows(catalogue: catalogue)
    }

    package mutating func read(_ chunk: ArraySlice<UInt8>, into output: inout ReportOutput) {
        var rows = takeRows()
        tokenizer.read(chunk) { rows.row($0, &output) }
        self.rows = rows
    }

    package mutating func finish(into output: inout ReportOutput) -> ReportSummary {
        var rows = takeRows()
        tokenizer.finish { rows.row($0, &output) }
        rows.end(tokenizer.failure, sawTextAfterQuote: tokenizer.sawTextAfterQuote, &output)
        self.rows = rows
        return rows.summary
    }

    private mutating func takeRows() -> Rows {
        let taken = rows
        rows = Rows(catalogue: CarePackCatalogue(tiers: [:]))
        return taken
    }
}

extension FlatFileReader {
    /// The meaning of the rows.
    struct Rows: Sendable {
        let catalogue: CarePackCatalogue
        var summary = ReportSummary()
        private var header: FlatFileHeader?
        private var tally = LineTally()

        init(catalogue: CarePackCatalogue) {
            self.catalogue = catalogue
        }

        mutating func row(_ row: FlatRow, _ output: inout ReportOutput) {
            guard summary.rejection == nil else { return }
            guard let header else {
                readHeader(row, &output)
                return
            }
            if header.isRepeated(in: row) {
                output.warn(
                    "csv.header.repeated", at: SourcePosition(line: row.line), "the header stands in the file again",
                    fix: "write it once, in the first line")
                return
            }
            var line = FlatLineBuilder(row: row, header: header, catalogue: catalogue)
                .build(number: tally.nextNumber(), &output)
            LineRules.check(&line, output: &output)
            tally.count(line)
            output.lines.append(line)
        }

        private mutating func readHeader(_ row: FlatRow, _ output: inout ReportOutput) {
            header = FlatFileHeader(row, output: &output)
            let missing = FlatFileColumn.required.filter { header?.place(of: $0) == nil }
            guard !missing.isEmpty else { return }
            let names = missing.map(\.name).joined(separator: " and ")
            reject(
                header == nil ? "csv.header.missing" : "csv.column.missing", SourcePosition(line: row.line),
                header == nil ? "the first line does not name the columns" : "the column \(names) is missing",
                fix: "begin with the line \(FlatFileColumn.template)", &output)
        }

        mutating func end(
            _ failure: (reason: FlatFileTokenizer.Failure, line: Int)?, sawTextAfterQuote: Bool,
            _ output: inout ReportOutput
        ) {
            summary.lines = tally.lines
            summary.devices = tally.devices
            if sawTextAfterQuote {
                output.warn(
                    "csv.quote.text-after", at: SourcePosition(line: 1),
                    "something follows a closing quote; it is kept",
                    fix: "double the quotes inside of a quoted cell")
            }
            switch failure?.reason {
            case .notUTF8:
                reject(
                    "csv.encoding", SourcePosition(line: 1), "the file is not in UTF-8",
                    fix: "save it as CSV UTF-8 instead of Unicode text", &output)
            case .openQuote:
                reject(
                    "csv.quote.open", SourcePosition(line: failure?.line ?? 1),
                    "a quote is opened here and never closed, so what follows cannot be read",
                    fix: "close the quote, and double quotes inside of a quoted cell", &output)
            case .rowTooLong:
                reject(
                    "csv.row.too-long", SourcePosition(line: failure?.line ?? 1),
                    "a row has more than \(FlatFileTokenizer.rowBytesMax) bytes", fix: "end each row with a line break",
                    &output)
            case nil:
                if header == nil, summary.rejection == nil {
                    reject(
                        "csv.empty", SourcePosition(line: 1), "the file is empty",
                        fix: "begin with a line that names the columns", &output)
                } else if tally.lines == 0, summary.rejection == nil {
                    output.warn(
                        "csv.rows.none", at: SourcePosition(line: 1), "the file has a header and no rows",
                        fix: "write one row for each sale; if there were some, send the whole file again")
                }
            }
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
