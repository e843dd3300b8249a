import Postgres
import WorkflowKit

/// The fingerprint that the last migration left in the database, and which migrations it stands for.
struct RecordedCatalog: Sendable {
    let fingerprint: CatalogFingerprint
    /// ``head(_:)`` of the ledger when it was recorded.
    let head: String

    /// The row that holds the head; no object of a catalog has such a name.
    private static let headObject = "(migrations)"

    /// Which migrations are applied, in order, as one short text.
    static func head(_ ledger: [MigrationLedgerRow]) -> String {
        let applied = ledger.sorted { $0.position < $1.position }.map { "\($0.id) \($0.state) \($0.statementsDone)" }
        return MigrationChecksum.ofText(applied.joined(separator: "\n"))
    }

    /// Nil when nothing was recorded yet.
    static func read(on session: PostgresConnection) async throws(SQLError) -> RecordedCatalog? {
        let rows = try await session.queryOnce("select object, definition from holdfast.migration_catalog")
        var objects: [String: String] = [:]
        for row in rows { objects[try row.text("object")] = try row.text("definition") }
        guard let head = objects.removeValue(forKey: headObject) else { return nil }
        return RecordedCatalog(fingerprint: CatalogFingerprint(objects), head: head)
    }

    func write(on session: PostgresConnection) async throws {
        let objects = fingerprint.objects.sorted { $0.key < $1.key }
        let names = objects.map(\.key) + [Self.headObject]
        let definitions = objects.map(\.value) + [head]
        try await session.transaction { transaction in
            try await transaction.execute(SQLStatement("delete from holdfast.migration_catalog"))
            try await transaction.execute(
                SQLStatement(
                    """
                    insert into holdfast.migration_catalog (object, definition)
                    select * from unnest($1::text[], $2::text[])
                    """, name: "RecordCatalog", .textArray(names), .textArray(definitions)))
        }
    }
}
