/// Why the database did not do what it was asked.
///
/// Callers branch on ``kind``. Everything else is for the person who reads the log, and may change between releases.
/// No part of it carries a parameter's value: those may be a customer's data.
public struct SQLError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// Another transaction won (serialisation failure, deadlock, lock timeout); nothing was written. The same
        /// transaction may be made again at once.
        case conflict
        /// The database cannot be reached, is shutting down, is full or has no connection to spare. Nothing was
        /// written.
        case unavailable
        /// The connection was lost after the commit was sent: it may have been written. Look before repeating.
        case outcomeUnknown
        /// A constraint refused the data (``SQLError/constraint`` names it), or the data do not fit their type.
        case rejected
        /// The call's deadline passed, or its task was cancelled; nothing was written.
        case cancelled
        /// The role may not do that.
        case notPermitted
        /// The statement or the schema is wrong: a defect, which no repetition mends.
        case defect
    }

    public let kind: Kind
    /// One line, lower case, no full stop: what failed, and on what.
    public let message: String
    /// The five-character code PostgreSQL gave, for example `40001`; nil if the server never answered.
    public let sqlState: String?
    /// The ``SQLStatement/name`` of the statement that failed.
    public let statement: String?
    /// The constraint that refused the data, for example `partner_pkey`.
    public let constraint: String?

    public init(
        kind: Kind, message: String, sqlState: String? = nil, statement: String? = nil, constraint: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.statement = statement
        self.constraint = constraint
    }

    /// Whether the same transaction may be made again without looking first.
    public var isRetryable: Bool { kind == .conflict || kind == .unavailable }

    public var description: String {
        var text = message
        if let statement { text += " (statement \(statement))" }
        if let sqlState { text += " [\(sqlState)]" }
        return text
    }
}
