private import Crypto
package import Postgres
package import WorkflowKit

/// The audit log in the database: one chain of entries per caller, each with the hash of the one before.
package struct PostgresAudit: AuditLog {
    private static let pageRows: Int64 = 5_000

    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func append(_ entry: AuditEntry, in transaction: any Transaction) async throws {
        try await Self.append(entry, in: transaction)
    }

    static func append(_ entry: AuditEntry, in transaction: any Transaction) async throws(SQLError) {
        let statement = SQLStatement(
            uncheckedText: EmbeddedSQL.appendAudit, name: "AppendAudit",
            parameters: [
                .text(entry.principal), .timestamp(entry.at), .text(entry.method), .text(entry.entity),
                .text(entry.requestID),
            ])
        try await transaction.execute(statement)
    }

    /// What reading the whole log found.
    package struct Verdict: Hashable, Sendable {
        package let entries: Int
        package let chains: Int
        /// The first thing that is wrong, as a sentence; nil when every chain is whole.
        package let firstDefect: String?
    }

    /// Recomputes every hash, and compares the ends of the chains with what the last changes knew.
    ///
    /// Finds an entry that was changed, removed, inserted or moved, and a chain that was cut short.
    package func verify() async throws -> Verdict {
        // First, so that what is added while the log is read is behind these ends.
        let heads = SQLStatement(uncheckedText: EmbeddedSQL.auditHeads, name: "AuditHeads")
        var checker = AuditChecker(
            heads: try await pool.query(heads).map { row in
                (try row.text("chain"), Int64(try row.int("sequence")), try row.bytes("hash"))
            })
        var last = ("", Int64(0))
        while true {
            let statement = SQLStatement(
                uncheckedText: EmbeddedSQL.auditPage, name: "AuditPage",
                parameters: [.text(last.0), .int8(last.1), .int8(Self.pageRows)])
            let rows = try await pool.query(statement)
            for row in rows {
                let sequence = Int64(try row.int("sequence"))
                last = (try row.text("chain"), sequence)
                checker.check(
                    AuditEntry(
                        at: try row.timestamp("at"), principal: last.0, method: try row.text("method"),
                        entity: try row.text("entity"), requestID: try row.text("request_id")),
                    entries: try row.textOrNull("entries"), sequence: sequence, hash: try row.bytes("hash"))
            }
            if rows.count < Int(Self.pageRows) || checker.firstDefect != nil { break }
        }
        checker.finish()
        return checker.verdict
    }
}

/// Follows the chains entry by entry.
struct AuditChecker {
    private struct End {
        var sequence: Int64
        var hash: [UInt8]
    }

    /// The ends that the changes themselves knew when the reading began.
    private let heads: [String: End]
    private var ends: [String: End] = [:]
    private var count = 0
    private(set) var firstDefect: String?

    init(heads: [(chain: String, sequence: Int64, hash: [UInt8])]) {
        self.heads = Dictionary(
            heads.map { ($0.chain, End(sequence: $0.sequence, hash: $0.hash)) }, uniquingKeysWith: { first, _ in first }
        )
    }

    /// Entries come in the order of their sequence within their chain.
    ///
    /// - Parameter entries: The changes of a commit, if it is one.
    mutating func check(_ entry: AuditEntry, entries: String? = nil, sequence: Int64, hash: [UInt8]) {
        guard firstDefect == nil else { return }
        let end = ends[entry.principal] ?? End(sequence: 0, hash: [])
        count += 1
        guard sequence == end.sequence + 1 else {
            firstDefect = "entry \(end.sequence + 1) of chain \"\(entry.principal)\" is missing"
            return
        }
        let isWhole = Self.hash(entry, entries: entries, sequence: sequence, after: end.hash) == hash
        let head = heads[entry.principal]
        guard isWhole, head?.sequence != sequence || head?.hash == hash else {
            firstDefect = "entry \(sequence) of chain \"\(entry.principal)\" is not what was written"
            return
        }
        ends[entry.principal] = End(sequence: sequence, hash: hash)
    }

    /// All entries were checked; a chain must not be shorter than it was.
    mutating func finish() {
        guard firstDefect == nil else { return }
        for (chain, head) in heads.sorted(by: { $0.key < $1.key }) {
            let sequence = ends[chain]?.sequence ?? 0
            if sequence < head.sequence {
                firstDefect = "entry \(sequence + 1) of chain \"\(chain)\" is missing"
                return
            }
        }
    }

    var verdict: PostgresAudit.Verdict {
        PostgresAudit.Verdict(entries: count, chains: ends.count, firstDefect: firstDefect)
    }

    /// The same bytes as `holdfast.audit_hash`, computed apart from it.
    static func hash(
        _ entry: AuditEntry, entries: String? = nil, sequence: Int64, after previous: [UInt8]
    ) -> [UInt8] {
        var bytes = previous
        let parts = [
            entry.principal, String(sequence), String(entry.at.microsecondsSince1970), entry.method, entry.entity,
            entry.requestID,
        ]
        for part in parts + (entries.map { [$0] } ?? []) {
            bytes += Array("\(part.utf8.count):".utf8)
            bytes += Array(part.utf8)
        }
        return Array(SHA256.hash(data: bytes))
    }
}
