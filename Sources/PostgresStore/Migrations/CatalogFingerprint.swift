import Postgres
import WorkflowKit

/// What some schemas hold, one line per object: the name of the object and everything that defines it.
///
/// Two databases that the same migrations built have equal fingerprints, whatever was created first and whoever owns
/// them. Partitions of range- and list-partitioned tables are left out: the server makes and drops them as time goes by.
struct CatalogFingerprint: Equatable, Sendable {
    /// For example `index holdfast.run_slot` and its definition.
    let objects: [String: String]

    init(_ objects: [String: String]) {
        self.objects = objects
    }

    /// Reads the catalog of the database that `session` is connected to.
    static func read(
        schemas: Set<String>, on session: PostgresConnection
    ) async throws(SQLError) -> CatalogFingerprint {
        let rows = try await session.query(
            SQLStatement(
                uncheckedText: CatalogQuery.text, name: "ReadCatalog", parameters: [.textArray(schemas.sorted())],
                isPrepared: false))
        var objects: [String: String] = [:]
        for row in rows { objects[try row.text("object")] = try row.text("definition") }
        return CatalogFingerprint(objects)
    }

    /// Every object in which `found` differs from this one, by name.
    func differences(to found: CatalogFingerprint) -> [SchemaDrift] {
        Set(objects.keys).union(found.objects.keys).sorted().compactMap { object in
            let expected = objects[object]
            let actual = found.objects[object]
            return expected == actual ? nil : SchemaDrift(object: object, expected: expected, found: actual)
        }
    }

    /// What to expect after migrations that turned `before` into `after`, when `recorded` was expected before them.
    ///
    /// An object that the migrations did not touch keeps what was recorded: otherwise a change made by hand would be
    /// taken for right as soon as the next migration ran.
    static func carried(
        recorded: CatalogFingerprint?, before: CatalogFingerprint, after: CatalogFingerprint
    ) -> CatalogFingerprint {
        guard let recorded else { return after }
        var objects = after.objects
        for object in Set(recorded.objects.keys).union(after.objects.keys)
        where before.objects[object] == after.objects[object] {
            objects[object] = recorded.objects[object]
        }
        return CatalogFingerprint(objects)
    }
}

/// One object of the schema that is not as the migrations built it.
package struct SchemaDrift: Hashable, Sendable, Codable, CustomStringConvertible {
    /// For example `column hp.partner.name`.
    package let object: String
    /// Nil: the migrations did not make it.
    package let expected: String?
    /// Nil: it is gone.
    package let found: String?

    package var description: String {
        switch (expected, found) {
        case (let expected?, nil): "\(object): missing (expected \(Self.excerpt(expected, from: 0)))"
        case (nil, let found?): "\(object): not made by any migration (\(Self.excerpt(found, from: 0)))"
        default:
            "\(object): expected \(Self.excerpt(expected ?? "", from: firstDifference)), "
                + "found \(Self.excerpt(found ?? "", from: firstDifference))"
        }
    }

    /// How many characters of both sides are the same.
    private var firstDifference: Int { zip(expected ?? "", found ?? "").prefix { $0 == $1 }.count }

    /// A short definition whole, of a long one what stands around `position`; on one line.
    private static func excerpt(_ definition: String, from position: Int) -> String {
        let lengthMax = 100
        let lead = 30
        let start = definition.count <= lengthMax ? 0 : max(0, position - lead)
        let part = definition.dropFirst(start).prefix(lengthMax)
        let words = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return (start > 0 ? "… " : "") + words + (start + part.count < definition.count ? " …" : "")
    }
}
