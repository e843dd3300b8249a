/// The lock that a statement takes on a table, weakest first (PostgreSQL manual, 13.3.1 "Table-Level Locks").
package enum TableLock: Int, Sendable, Comparable, CustomStringConvertible {
    case accessShare = 1
    case rowShare
    case rowExclusive
    case shareUpdateExclusive
    case share
    case shareRowExclusive
    case exclusive
    case accessExclusive

    package static func < (left: TableLock, right: TableLock) -> Bool { left.rawValue < right.rawValue }

    /// As the manual writes it.
    package var description: String {
        switch self {
        case .accessShare: "ACCESS SHARE"
        case .rowShare: "ROW SHARE"
        case .rowExclusive: "ROW EXCLUSIVE"
        case .shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE"
        case .share: "SHARE"
        case .shareRowExclusive: "SHARE ROW EXCLUSIVE"
        case .exclusive: "EXCLUSIVE"
        case .accessExclusive: "ACCESS EXCLUSIVE"
        }
    }

    /// What users of the table notice while the lock is held.
    var blocks: String {
        switch self {
        case .accessShare, .rowShare, .rowExclusive: "nobody"
        case .shareUpdateExclusive: "other changes of the schema"
        case .share, .shareRowExclusive, .exclusive: "writers"
        case .accessExclusive: "readers and writers"
        }
    }
}

/// How much of a table a statement has to go through while it holds its lock.
package enum TableWork: String, Sendable, Codable {
    /// Only the catalog: milliseconds, whatever the table's size.
    case catalog
    /// Reads every row.
    case scan
    /// Writes every row again, and every index.
    case rewrite
}

/// What a statement does to a table that was there before.
struct TableEffect: Hashable, Sendable {
    let table: QualifiedName
    let lock: TableLock
    let work: TableWork
}
