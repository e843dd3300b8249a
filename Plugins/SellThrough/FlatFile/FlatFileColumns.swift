import HoldingTenant

/// The columns of a flat file, by the names that resellers give them.
enum FlatFileColumn: Hashable, Sendable, CaseIterable {
    case reportType
    case reporter
    case transaction
    case reseller
    case resellerName
    case endCustomer
    case endCustomerCountry
    case invoice
    case date
    case product
    case serial
    case quantity
    case unitPrice
    case currency

    /// The name in the template.
    var name: String {
        switch self {
        case .reportType: "report_type"
        case .reporter: "reporter_id"
        case .transaction: "transaction_type"
        case .reseller: "reseller_id"
        case .resellerName: "reseller_name"
        case .endCustomer: "end_customer_name"
        case .endCustomerCountry: "end_customer_country"
        case .invoice: "invoice_number"
        case .date: "invoice_date"
        case .product: "product_number"
        case .serial: "serial_number"
        case .quantity: "quantity"
        case .unitPrice: "unit_price"
        case .currency: "currency"
        }
    }

    /// The first line of the template.
    static var template: String { allCases.map(\.name).joined(separator: ",") }

    /// A file without one of these cannot be applied.
    static let required: [FlatFileColumn] = [.reseller, .serial]

    /// Recognises a heading without regard to case, spaces, accents and punctuation, in English, Italian, German,
    /// French and Spanish.
    init?(heading: String) {
        guard let column = Self.byName[Self.key(heading)] else { return nil }
        self = column
    }

    private static let byName: [String: FlatFileColumn] = {
        var names: [String: FlatFileColumn] = [:]
        for column in allCases {
            names[key(column.name)] = column
            for other in column.otherNames { names[other] = column }
        }
        return names
    }()

    private var otherNames: [String] {
        switch self {
        case .reportType: ["report"]
        case .reporter: ["reporter", "distributorid", "filerid"]
        case .transaction: ["transaction", "type", "tipo", "tipomovimento", "movimento", "vorgang", "typ"]
        case .reseller:
            [
                "reseller", "partnerid", "partner", "dealerid", "soldto", "soldtoid", "codicerivenditore",
                "idrivenditore",
                "rivenditore", "handlernummer", "haendlernummer", "kundennummer", "idrevendeur", "idrevendedor",
            ]
        case .resellerName: ["partnername", "nomerivenditore", "handlername", "haendlername"]
        case .endCustomer: ["endcustomer", "enduser", "clientefinale", "endkunde", "clientfinal", "clientefinal"]
        case .endCustomerCountry: ["country", "paese", "land", "pays", "pais", "endusercountry"]
        case .invoice: ["invoice", "invoiceno", "fattura", "numerofattura", "rechnung", "rechnungsnummer", "facture"]
        case .date: ["date", "data", "datafattura", "datum", "rechnungsdatum", "saledate", "salesdate", "fecha"]
        case .product:
            [
                "product", "productno", "partnumber", "partno", "pn", "sku", "productcode", "mpn", "codiceprodotto",
                "codicearticolo", "artikelnummer", "produktnummer", "reference", "referencia",
            ]
        case .serial:
            [
                "serial", "serialno", "serialnr", "serialnumbers", "sn", "seriale", "numeroseriale", "numerodiserie",
                "matricola", "seriennummer", "seriennr", "numerodeserie", "nserie", "serie",
            ]
        case .quantity: ["qty", "quantita", "qta", "menge", "anzahl", "quantite", "cantidad", "pezzi"]
        case .unitPrice: ["price", "prezzo", "prezzounitario", "preis", "einzelpreis", "prix", "precio"]
        case .currency: ["valuta", "wahrung", "waehrung", "devise", "moneda"]
        }
    }

    private static func key(_ heading: String) -> String {
        var key = ""
        for scalar in heading.unicodeScalars {
            let plain = folded[scalar] ?? scalar
            if plain.isASCII, plain.properties.isAlphabetic || plain.properties.numericType != nil {
                key += plain.properties.lowercaseMapping
            }
        }
        return key
    }

    private static let folded: [Unicode.Scalar: Unicode.Scalar] = [
        "à": "a", "á": "a", "â": "a", "ä": "a", "Ä": "a", "è": "e", "é": "e", "ê": "e", "ì": "i", "í": "i",
        "ò": "o", "ó": "o", "ö": "o", "Ö": "o", "ù": "u", "ú": "u", "ü": "u", "Ü": "u", "ñ": "n", "À": "a", "É": "e",
    ]
}

/// The first row of a flat file: which cell is which column.
struct FlatFileHeader: Sendable {
    /// As many cells as the first row has.
    let cells: Int
    private let places: [FlatFileColumn: Int]
    private let headings: [String]

    /// `nil` if no cell of the row is the name of a column that matters.
    init?(_ row: FlatRow, output: inout ReportOutput) {
        var places: [FlatFileColumn: Int] = [:]
        for (index, heading) in row.cells.enumerated() {
            let name = SerialText.trimmed(heading)
            guard let column = FlatFileColumn(heading: name) else {
                if !name.isEmpty {
                    output.warn(
                        "csv.column.unknown",
                        at: SourcePosition(line: row.line, segment: String(name.prefix(40)), element: index + 1),
                        "the column \(quoted(name)) is not known; it is not read",
                        fix:
                            "name columns as in the template: \(FlatFileColumn.template)"
                    )
                }
                continue
            }
            if places[column] == nil {
                places[column] = index
            } else {
                output.warn(
                    "csv.column.repeated",
                    at: SourcePosition(line: row.line, segment: column.name, element: index + 1),
                    "the column \(column.name) stands twice; the first one counts", fix: "remove one of them")
            }
        }
        guard places[.serial] != nil || places.count >= 3 else { return nil }
        self.places = places
        cells = row.cells.count
        headings = row.cells
    }

    func place(of column: FlatFileColumn) -> Int? { places[column] }

    /// The header again in the midst of the file: files were joined.
    func isRepeated(in row: FlatRow) -> Bool { row.cells == headings }
}
