import WorkflowKit

/// What the server says of an error, as far as it is looked at.
struct ServerError: Equatable {
    var sqlState: String
    /// The primary message, without detail and hint: those quote rows.
    var message: String
    var constraint: String?
    var column: String?
}

extension ServerError {
    /// The error of a failed `result`; nil when libpq made it itself, because the link broke.
    init?(_ result: ServerResult) {
        guard let sqlState = result.field(DiagnosticField.sqlState) else { return nil }
        self.init(
            sqlState: sqlState, message: result.field(DiagnosticField.message) ?? "unknown error",
            constraint: result.field(DiagnosticField.constraint), column: result.field(DiagnosticField.column))
    }

    /// Whether the server ends the session with this error: class 57P, 08, or a time-out of the session.
    var endsSession: Bool {
        ["57P01", "57P02", "57P03", "57P04", "57P05", "25P03"].contains(sqlState)
    }

    /// Whether a prepared statement no longer fits the schema or is gone, and preparing it again would mend that.
    var wantsNewPlan: Bool {
        // 0A000 has no code of its own for this case; the message is matched loosely, since it may be translated,
        // and a second attempt does no harm.
        sqlState == "0A000" || sqlState == "26000"
    }
}

extension SQLError {
    /// The error that callers get for `error`, by its SQLSTATE (PostgreSQL manual, appendix A).
    ///
    /// Messages of the server are passed on only from classes that do not quote rows.
    init(_ error: ServerError, statement: String?) {
        let (kind, message) = Self.explain(error)
        self.init(
            kind: kind, message: message, sqlState: error.sqlState, statement: statement, constraint: error.constraint)
    }

    private static func explain(_ error: ServerError) -> (Kind, String) {
        let state = error.sqlState
        switch state {
        case "40001", "40P01", "55P03", "72000":
            return (.conflict, "another transaction won: \(error.message)")
        case "40003":
            return (.outcomeUnknown, "the database does not know whether the statement was completed")
        case "57014":
            return (.cancelled, error.message)
        case "25006":
            return (.unavailable, "the database can only be read: it is a standby, or set to read only")
        case "42501":
            return (.notPermitted, error.message)
        case "3D000", "3F000":
            return (.rejected, error.message)
        case "P0001":
            return (.rejected, error.message)
        case "25P03":
            return (.cancelled, "the transaction was idle for longer than its limit")
        default: break
        }
        switch state.prefix(2) {
        case "08", "53": return (.unavailable, "the database is not available: \(error.message)")
        case "57": return (.unavailable, "the database is not available: \(error.message)")
        case "58": return (.unavailable, "the database could not use its files: \(error.message)")
        case "28": return (.notPermitted, error.message)
        case "40": return (.conflict, "another transaction won: \(error.message)")
        case "23": return (.rejected, explainConstraint(error))
        case "44": return (.rejected, "the row is outside of its view")
        case "22": return (.rejected, "the data do not fit their type")
        case "54": return (.rejected, "the data or the statement are larger than the database allows")
        default: return (.defect, "the database does not accept the statement: \(error.message)")
        }
    }

    private static func explainConstraint(_ error: ServerError) -> String {
        let name = error.constraint.map { "constraint \"\($0)\"" } ?? "a constraint"
        switch error.sqlState {
        case "23502": return "column \"\(error.column ?? "?")\" must not be null"
        case "23503": return "what is referred to does not exist, or is still referred to: \(name)"
        case "23505": return "it exists already: \(name)"
        case "23514": return "the data break \(name)"
        case "23P01": return "it overlaps with what exists already: \(name)"
        default: return "the data break \(name)"
        }
    }
}
