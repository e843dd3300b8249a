import HoldingTenant
import RequirementTags
import SellThrough
import Testing

@Suite(.requirement("D14", "D15", "C12")) struct FlatFileTests {
    static let facts = [
        "sale 10284417 9G2J7ET 5CG6101KLM", "sale 10284417 9G2J7ET 5CG6101KLN", "sale 10284417 9G2J7ET 5CG6101KLP",
        "sale 10284417 U04RYE=premium-plus 5CG6101KLM", "sale 10284417 U04RYE=premium-plus 5CG6101KLN",
        "return 10284417 9G2J7ET 5CG6081BCF",
    ]
    private let header = "transaction_type,reseller_id,product_number,serial_number,quantity\n"

    private func read(_ rows: String...) -> Reading {
        Reading(.csv, text: header + rows.joined(separator: "\n") + "\n")
    }

    /// A byte-order mark, semicolons, decimal commas, CRLF, a quoted line break, two dates and several serial
    /// numbers in one cell.
    @Test func `a file from a spreadsheet is read as it was meant`() throws {
        let reading = Reading(.csv, sample("report-pos.csv"))
        #expect(reading.facts == Self.facts)
        #expect(reading.codes == ["csv.date.uncertain"])
        #expect(reading.summary.lines == 4)
        #expect(reading.summary.devices == 3)
        let first = try #require(reading.lines.first)
        #expect(first.endCustomer?.name == "STUDIO GAMMA\r\nSEDE DI TORINO")
        #expect(first.date == CalendarDate(iso: "2026-03-06"))
        #expect(first.unitPrice == "1049.50")
        #expect(first.heading.filer?.id == "DISTIT01")
        #expect(reading.lines.map(\.position.line) == [2, 4, 5, 6])
    }

    @Test(arguments: [1, 2, 3, 17, 4_096]) func `how the bytes are cut into chunks does not matter`(chunk: Int) {
        let reading = Reading(.csv, sample("report-pos.csv"), chunk: chunk)
        #expect(reading.lines == Reading(.csv, sample("report-pos.csv")).lines)
    }

    @Test(arguments: [",", ";", "\t", "|"], ["\n", "\r\n", "\r"])
    func `any usual separator and line end is read`(separator: String, lineEnd: String) {
        let text = (header + "SALE,10284417,9G2J7ET,5CG6081BCD,1\nSALE,10284417,9G2J7ET,5CG6081BCF,1\n")
            .replacing(",", with: separator).replacing("\n", with: lineEnd)
        let reading = Reading(.csv, text: text)
        #expect(reading.facts == ["sale 10284417 9G2J7ET 5CG6081BCD", "sale 10284417 9G2J7ET 5CG6081BCF"])
        #expect(reading.findings.isEmpty, "\(reading.findings)")
        #expect(reading.lines.map(\.position.line) == [2, 3])
    }

    @Test func `an announced separator and empty lines before the header are read`() {
        let reading = Reading(.csv, text: "sep=;\r\nreseller_id;serial_number\r\n10284417;5CG6081BCD\r\n")
        #expect(reading.applied.count == 1)
        #expect(Reading(.csv, text: "\n\nreseller_id,serial_number\n10284417,5CG6081BCD").applied.count == 1)
    }

    @Test func `columns are known by their Italian and German names, too`() {
        let italian = "Codice rivenditore;Numero di serie;Codice prodotto;Quantità;Data fattura\n"
        let reading = Reading(.csv, text: italian + "10284417;5CG6081BCD;9G2J7ET;1,00;04.03.2026\n")
        #expect(reading.facts == ["sale 10284417 9G2J7ET 5CG6081BCD"])
        #expect(reading.lines.first?.date == CalendarDate(iso: "2026-03-04"))
        #expect(reading.findings.isEmpty)
        let german = "Händlernummer;Seriennummer;Artikelnummer;Menge\n10284417;5CG6081BCD;9G2J7ET;1\n"
        #expect(Reading(.csv, text: german).facts == ["sale 10284417 9G2J7ET 5CG6081BCD"])
    }

    @Test(arguments: [
        ("5.00E+09", SerialProblem.Reason.spreadsheetNumber), ("5,12345E+11", .spreadsheetNumber),
        ("=A1&B1", .formula), ("@SUM(A1)", .formula), ("123456", .length),
    ])
    func `what a spreadsheet did to a serial number is recognised`(cell: String, reason: SerialProblem.Reason) throws {
        let reading = read("SALE,10284417,9G2J7ET,\"\(cell)\",")
        let serial = try #require(reading.lines.first?.serials.first)
        guard case .failure(let problem) = serial.reading else {
            Issue.record("\(cell) was read as a serial number")
            return
        }
        #expect(problem.reason == reason)
        #expect(serial.position.line == 2)
        #expect(serial.position.segment == "serial_number")
    }

    @Test(arguments: [
        ("=\"\"5CG6081BCD\"\"", 1), ("'5CG6081BCD", 1), ("5CG6081BCD;5CG6081BCF", 2), ("5CG6081BCD | 5CG6081BCF", 2),
        ("5CG6081BCD 5CG6081BCF", 2), ("5CG6081BCD\n5CG6081BCF\n", 2), ("5CG 6081 BCD", 1),
        ("5CG6081BCD/5CG6081BCF", 2),
    ])
    func `one or several serial numbers are found in a cell`(cell: String, count: Int) {
        let reading = read("SALE,10284417,9G2J7ET,\"\(cell)\",")
        #expect(reading.facts.count == count, "\(reading.lines)")
        #expect(reading.lines.first?.quantity == count)
    }

    @Test func `an unquoted separator moves the cells, so nothing is concluded from the row`() {
        let reading = read("SALE,10284417,9G2J7ET,5CG6081BCD,1,50", "SALE,10284417,9G2J7ET,5CG6081BCF,1,,")
        #expect(reading.lines.map { $0.problems.map(\.code) } == [["csv.row.cells"], []])
        #expect(reading.facts == ["sale 10284417 9G2J7ET 5CG6081BCF"])
    }

    @Test func `a negative quantity is a return`() {
        #expect(read("SALE,10284417,9G2J7ET,5CG6081BCD,-1").lines.first?.kind == .return)
        #expect(read(",10284417,9G2J7ET,5CG6081BCD,-1").lines.first?.kind == .return)
        #expect(read("Reso,10284417,9G2J7ET,5CG6081BCD,1").lines.first?.kind == .return)
    }

    @Test func `what is neither a sale nor a return is rejected`() {
        #expect(read("LOAN,10284417,9G2J7ET,5CG6081BCD,1").lines.first?.problems.map(\.code) == ["line.not-a-sale"])
    }

    @Test(arguments: [
        ("", "csv.empty"), ("a,b,c\n1,2,3\n", "csv.header.missing"),
        ("serial_number\n5CG6081BCD\n", "csv.column.missing"),
        ("reseller_id,serial_number\n1,\"5CG6081BCD\n2,5CG6081BCF\n", "csv.quote.open"),
        ("r\u{0}e\u{0}s\u{0}", "csv.encoding"),
    ])
    func `a file that cannot be read is rejected with its place`(text: String, code: String) {
        let reading = Reading(.csv, text: text)
        #expect(reading.summary.rejection?.code == code)
        #expect(reading.facts.isEmpty)
    }

    @Test func `an open quote is told by the line where it was opened`() {
        let reading = Reading(
            .csv, text: "reseller_id,serial_number\n1,5CG6081BCD\n2,\"5CG6081BCF\n3,5CG6081BCG\n")
        #expect(reading.summary.rejection?.position.line == 3)
    }

    @Test func `text in Windows' own encoding is read`() {
        let bytes = Array("reseller_id,serial_number,end_customer_name\n1,5CG6081BCD,M".utf8) + [0xFC, 0x6C, 0x0A]
        #expect(Reading(.csv, bytes).lines.first?.endCustomer?.name == "Mül")
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("@x", "'@x"), ("-1", "-1"), ("a;b", "\"a;b\""),
        ("say \"hi\", you", "\"say \"\"hi\"\", you\""),
        ("plain", "plain"),
    ])
    func `an exported cell is never run as a formula`(text: String, expected: String) {
        #expect(FlatCell.exported(text) == expected)
    }

    @Test func `the same header again means that files were joined`() {
        let reading = Reading(
            .csv,
            text: "reseller_id,serial_number\n1,5CG6081BCD\nreseller_id,serial_number\n1,5CG6081BCF\n")
        #expect(reading.applied.count == 2)
        #expect(reading.codes.contains("csv.header.repeated"))
    }
}

@Suite struct ReportFormatTests {
    @Test(arguments: [
        ("report-867.x12", ReportFormat.x12), ("report-slsrpt.edi", .edifact), ("report-pos.csv", .csv),
    ])
    func `the format of a file is seen from its first bytes`(name: String, format: ReportFormat) {
        #expect(ReportFormat.detect(sample(name).prefix(64)) == format)
    }

    @Test(arguments: [
        ("ISA_number,serial\n", ReportFormat.csv), ("", .csv), ("UNB+UNOA:1+A+B", .edifact), ("  \r\nISA|00|", .x12),
        ("UNBEKANNT;x", .csv), ("isa*", .csv),
    ])
    func `a heading that resembles an envelope is not taken for one`(text: String, format: ReportFormat) {
        #expect(ReportFormat.detect(Array(text.utf8)) == format)
    }
}
