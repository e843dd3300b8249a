/// Something in a migration that can hurt a live system, found by reading it.
package struct MigrationFinding: Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Severity: String, Sendable, Codable {
        /// Stops live traffic, breaks running nodes, or loses data, on a table of any size worth having.
        case danger
        /// May do so; it depends on what the table holds.
        case caution
        /// Works, and is regretted later.
        case advice
    }

    /// The name under which a file can accept it: `-- holdfast: allow NAME why`.
    package let rule: String
    package let severity: Severity
    package let file: String
    /// Counts from 1.
    package let line: Int
    /// The table's lock while the statement runs, as PostgreSQL's manual writes it; nil when no lock is the point.
    package let lock: String?
    /// One line, lower case, no full stop: what happens, and what to write instead.
    package let message: String

    package var description: String {
        let held = lock.map { " [\($0)]" } ?? ""
        return "\(file):\(line): \(severity.rawValue) \(rule)\(held): \(message)"
    }
}
