import Postgres
import WorkflowKit

/// How far a statement is that PostgreSQL keeps count of (PostgreSQL manual, "Progress Reporting").
struct StatementProgress: Sendable {
    /// For example `building index: scanning table`.
    let phase: String
    /// From 0 to 1, of this phase; nil where the phase has no total.
    let fraction: Double?

    /// What the server process `processID` is at; nil when it is at nothing that is counted.
    static func read(
        of processID: Int32, seenBy session: PostgresConnection
    ) async throws(SQLError) -> StatementProgress? {
        let rows = try await session.query(
            SQLStatement(
                """
                select phase, greatest(blocks_done::float8 / nullif(blocks_total, 0),
                                       tuples_done::float8 / nullif(tuples_total, 0)) as fraction
                from pg_stat_progress_create_index where pid = $1
                union all
                select phase, heap_blks_scanned::float8 / nullif(heap_blks_total, 0)
                from pg_stat_progress_vacuum where pid = $1
                union all
                select phase, heap_blks_scanned::float8 / nullif(heap_blks_total, 0)
                from pg_stat_progress_cluster where pid = $1
                """, name: "ReadStatementProgress", .int4(processID)))
        guard let row = rows.first else { return nil }
        let fraction: Double? = try row.isNull("fraction") ? nil : try row.double("fraction")
        return StatementProgress(phase: try row.text("phase"), fraction: fraction)
    }
}
