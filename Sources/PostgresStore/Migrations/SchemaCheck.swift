/// Whether a server may start on this schema.
package enum SchemaVerdict: Hashable, Sendable, CustomStringConvertible {
    /// `waiting` are contract migrations that may be applied while nodes serve.
    case ok(waiting: [MigrationID])
    /// `pending` are missing.
    case older(pending: [MigrationID])
    /// A later release was here.
    case newer(release: String, found: MigrationID)
    case edited(files: [String])
    case failed(MigrationID)

    package var isOK: Bool {
        if case .ok = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .ok(let waiting):
            waiting.isEmpty
                ? "the schema is the one of this release"
                : "the schema serves this release; \(Self.list(waiting)) can follow with \"holdfast migrate up\""
        case .older(let pending):
            "the schema is older than this release: \(Self.list(pending)) missing; run \"holdfast migrate up\""
        case .newer(let release, let found):
            "the schema is newer than this release (it holds \(found)): install release \(release) or later"
        case .edited(let files):
            "applied migrations differ from this release (\(files.joined(separator: ", "))): "
                + "run \"holdfast migrate verify\""
        case .failed(let id):
            "migration \(id) did not finish: run \"holdfast migrate status\", then \"holdfast migrate up\""
        }
    }

    private static func list(_ ids: [MigrationID]) -> String {
        let shown = ids.prefix(5).map(\.description).joined(separator: ", ")
        return ids.count > 5 ? "\(shown) and \(ids.count - 5) more" : shown
    }
}

/// The rule by which a server starts or refuses to.
package enum SchemaCheck {
    /// Compares the migrations of this binary with the rows of the ledger.
    ///
    /// - Throws: ``MigrationProblems`` when the files themselves are not in order.
    package static func verdict(
        _ sources: [MigrationSource], _ ledger: [MigrationLedgerRow]
    ) throws(MigrationProblems) -> SchemaVerdict {
        verdict(try MigrationCatalog(sources), ledger)
    }

    static func verdict(_ catalog: MigrationCatalog, _ ledger: [MigrationLedgerRow]) -> SchemaVerdict {
        let comparison = LedgerComparison(catalog, ledger)
        if let newest = comparison.newer.max(by: { $0.position < $1.position }) {
            return .newer(release: newest.nodeVersion, found: newest.id)
        }
        if let row = comparison.unfinished.first(where: { $0.phase != .contract }) { return .failed(row.id) }
        if !comparison.edited.isEmpty { return .edited(files: comparison.edited.map(\.path)) }
        // A contract migration takes away what this release does not use: it may wait for the last node of the
        // previous one, and must not keep the nodes that replace it from starting.
        let missing = comparison.pending.filter { $0.phase != .contract }
        if !missing.isEmpty { return .older(pending: comparison.pending.map(\.id)) }
        return .ok(waiting: comparison.pending.map(\.id))
    }
}
