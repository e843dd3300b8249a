enum LedgerTable { static let schema = "holdfast" }
