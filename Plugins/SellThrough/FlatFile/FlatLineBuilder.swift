import HoldingTenant

/// Decides what one row of a flat file means.
struct FlatLineBuilder {
    let row: FlatRow
    let header: FlatFileHeader
    let catalogue: CarePackCatalogue

    func build(number: Int, _ output: inout ReportOutput) -> ReportLine {
        var problems: [Finding] = []
        checkWidth(&problems, &output)
        for column in [FlatFileColumn.resellerName, .endCustomer, .invoice] { warnOfFormula(column, &output) }
        let quantityText = cell(.quantity)
        var quantity = quantityText.flatMap { FlatNumber.whole($0) }
        let isNegative = (quantity ?? 0) < 0
        quantity = quantity.map { abs($0) }
        if let quantityText, quantity == nil {
            problems.append(
                Finding(
                    .error, "quantity.invalid", at: position(.quantity),
                    "the quantity \(quoted(quantityText)) is not a whole number", fix: "give a whole number"))
        }
        let serials = serials()
        if quantityText == nil {
            quantity = serials.isEmpty ? nil : Set(serials.map { $0.serial?.text ?? $0.raw }).count
        }
        var heading = ReportHeading(set: 0)
        heading.filer = cell(.reporter).map { Party(id: $0) }
        var endCustomer: Party?
        if cell(.endCustomer) != nil || cell(.endCustomerCountry) != nil {
            endCustomer = Party(name: cell(.endCustomer))
            endCustomer?.country = cell(.endCustomerCountry)
        }
        return ReportLine(
            number: number, heading: heading, position: SourcePosition(line: row.line),
            kind: kind(isNegative: isNegative, &problems, &output),
            reseller: cell(.reseller).map { Party(name: cell(.resellerName), id: $0) }, endCustomer: endCustomer,
            invoice: cell(.invoice), date: date(&output), part: cell(.product).map(catalogue.classify),
            quantity: quantity, unitPrice: cell(.unitPrice).map(FlatNumber.decimal), currency: cell(.currency),
            serials: serials, problems: problems)
    }

    private func cell(_ column: FlatFileColumn) -> String? {
        guard let place = header.place(of: column), place < row.cells.count else { return nil }
        let text = SerialText.unwrapped(row.cells[place])
        return text.isEmpty ? nil : text
    }

    private func position(_ column: FlatFileColumn) -> SourcePosition {
        SourcePosition(line: row.line, segment: column.name, element: header.place(of: column).map { $0 + 1 })
    }

    private func serials() -> [ReportedSerial] {
        guard let place = header.place(of: .serial), place < row.cells.count else { return [] }
        let position = position(.serial)
        return SerialText.split(row.cells[place]).map { ReportedSerial(raw: $0, position: position) }
    }

    /// Cells beyond the header mean that a separator stands inside a value, and that every cell after it is in the
    /// wrong column: nothing can be concluded from such a row.
    private func checkWidth(_ problems: inout [Finding], _ output: inout ReportOutput) {
        let beyond = row.cells.dropFirst(header.cells)
        if beyond.contains(where: { !SerialText.trimmed($0).isEmpty }) {
            problems.append(
                Finding(
                    .error, "csv.row.cells", at: SourcePosition(line: row.line),
                    "the row has \(row.cells.count) cells, the header \(header.cells)",
                    fix: "put cells that contain the separator, such as prices with a comma, in quotes"))
        } else if row.cells.count < header.cells {
            output.warn(
                "csv.row.cells", at: SourcePosition(line: row.line),
                "the row has \(row.cells.count) cells, the header \(header.cells); the rest is read as empty",
                fix: "write a separator for each empty cell")
        }
    }

    private func kind(
        isNegative: Bool, _ problems: inout [Finding], _ output: inout ReportOutput
    ) -> ReportLine.Kind {
        guard let text = cell(.transaction) else { return isNegative ? .return : .sale }
        switch text.lowercased() {
        case "sale", "sales", "sell", "sold", "s", "vendita", "verkauf", "vente", "venta":
            return isNegative ? .return : .sale
        case "return", "returns", "r", "reso", "resi", "storno", "retoure", "rückgabe", "retour", "devolución",
            "credit":
            return .return
        default:
            problems.append(
                Finding(
                    .error, "line.not-a-sale", at: position(.transaction),
                    "the transaction \(quoted(text)) is neither a sale nor a return", fix: "write SALE or RETURN"))
            return isNegative ? .return : .sale
        }
    }

    private func date(_ output: inout ReportOutput) -> CalendarDate? {
        guard let text = cell(.date) else { return nil }
        let (date, isUncertain) = FlatDate.read(text)
        if date == nil {
            output.warn(
                "csv.date", at: position(.date), "\(quoted(text)) is not a day", fix: "write the day as 2026-03-04")
        } else if isUncertain {
            output.warn(
                "csv.date.uncertain", at: position(.date), "\(quoted(text)) is read as day, month, year",
                fix: "write the day as 2026-03-04")
        }
        return date
    }

    /// A formula would be run by the spreadsheet in which somebody opens an export of this data.
    private func warnOfFormula(_ column: FlatFileColumn, _ output: inout ReportOutput) {
        guard let text = cell(column), FlatCell.isFormula(text) else { return }
        output.warn(
            "csv.cell.formula", at: position(column), "the cell begins like a formula; it is kept as text",
            fix: "export values instead of formulas")
    }
}

/// Cells for spreadsheets.
package enum FlatCell {
    static func isFormula(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        return [UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "-"), 0x09, 0x0D].contains(first)
    }

    /// The cell as it is written into an export: quoted where needed, and with an apostrophe before what a
    /// spreadsheet would run as a formula.
    package static func exported(_ text: String) -> String {
        let safe = isFormula(text) && Int(text) == nil ? "'\(text)" : text
        guard safe.utf8.contains(where: { [0x22, 0x2C, 0x3B, 0x0A, 0x0D, 0x09].contains($0) }) else { return safe }
        return "\"\(safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
    }
}

/// Numbers with a decimal point or a decimal comma.
enum FlatNumber {
    /// `1`, `-1`, `1,00`, `1.0`; `nil` for anything that is not whole.
    static func whole(_ text: String) -> Int? {
        WholeNumber.read(text) ?? WholeNumber.read(text, decimalComma: true)
    }

    /// `1.049,50`, `1,049.50` and `1049,5` with a decimal point: `1049.50`. A text that is no number stays as it is.
    static func decimal(_ text: String) -> String {
        let symbols = text.filter { $0 == "." || $0 == "," }
        guard let last = symbols.last, text.allSatisfy({ $0.isNumber || $0 == "." || $0 == "," || $0 == "-" }) else {
            return text
        }
        // One kind of sign that stands several times groups thousands.
        let isGrouping = symbols.count > 1 && Set(symbols).count == 1
        return String(text.compactMap { $0 == "." || $0 == "," ? ($0 == last && !isGrouping ? "." : nil) : $0 })
    }
}

/// Days as spreadsheets write them.
enum FlatDate {
    /// ISO, `04.03.2026`, `04/03/2026`, `20260304` and the day numbers of spreadsheets.
    ///
    /// With slashes, day and month may be in either order. Day first is read, as Europe writes it, unless only month
    /// first gives a day that exists; `isUncertain` tells that both would.
    static func read(_ text: String) -> (CalendarDate?, isUncertain: Bool) {
        let day = text.prefix { $0 != " " && $0 != "T" }
        if let date = CalendarDate(iso: day) ?? CalendarDate(compact: day) { return (date, false) }
        if day.utf8.count == 5, let number = Int32(day), (40_000..<80_000).contains(number) {
            // Spreadsheets count days from 1899-12-30; 1970-01-01 is day 25,569.
            return (CalendarDate(utcDay: number - 25_569), false)
        }
        let parts = day.split { $0 == "." || $0 == "/" || $0 == "-" }
        guard parts.count == 3, let first = Int(parts[0]), let second = Int(parts[1]), var year = Int(parts[2]),
            first > 0, second > 0
        else { return (nil, false) }
        if parts[2].utf8.count == 2 { year += 2_000 }
        let european = CalendarDate(year: year, month: second, day: first)
        let american = day.contains("/") ? CalendarDate(year: year, month: first, day: second) : nil
        if let european { return (european, american != nil && american != european) }
        return (american, false)
    }
}
