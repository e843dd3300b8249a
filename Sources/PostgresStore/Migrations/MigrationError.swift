import WorkflowKit

/// Why the runner stopped, with the exit code that tells a script what to do next.
package struct MigrationError: Error, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable, Codable {
        /// The files of this binary, or their difference from the ledger, keep anything from being done.
        case files
        /// A statement was refused; the ledger says which.
        case failedStep
        /// Somebody else migrates, or a table stayed in use: the same call may be made again.
        case busy
        /// What was asked for is not allowed now, and why.
        case refused
        case notPermitted
        /// The database cannot be reached, is only a standby, or went away.
        case unavailable
        /// What was asked for makes no sense.
        case usage
        /// A defect, here or in a statement of the runner's own.
        case defect
    }

    package let kind: Kind
    /// One or several lines, lower case, no full stop at the end.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The exit code of the command (sysexits).
    package var exitCode: Int32 {
        switch kind {
        case .files, .failedStep, .refused, .defect: 1
        case .usage: 64
        case .unavailable: 69
        case .busy: 75
        case .notPermitted: 77
        }
    }

    package var description: String { message }

    init(_ problems: MigrationProblems) {
        self.init(.files, problems.description)
    }

    init(_ error: SQLError, doing what: String) {
        let kind: Kind =
            switch error.kind {
            case .unavailable, .outcomeUnknown: .unavailable
            case .notPermitted: .notPermitted
            case .conflict, .cancelled: .busy
            case .rejected, .defect: .defect
            }
        let ambiguous = error.kind == .outcomeUnknown ? "; run it again: it finds out what was done" : ""
        self.init(kind, "could not \(what): \(error)\(ambiguous)")
    }

    /// Any error of the runner's own work as one of its own kind.
    static func wrap(_ error: any Error, doing what: String) -> MigrationError {
        switch error {
        case let error as MigrationError: error
        case let error as MigrationProblems: MigrationError(error)
        case let error as SQLError: MigrationError(error, doing: what)
        case is CancellationError: MigrationError(.busy, "\(what) was cancelled")
        default: MigrationError(.defect, "could not \(what): \(error)")
        }
    }
}

/// A session that keeps a migration from going on.
package struct MigrationBlocker: Hashable, Sendable, Codable, CustomStringConvertible {
    package let processID: Int
    package let application: String
    /// The client's address, or `local socket`.
    package let client: String
    /// RFC 3339, UTC: since when the session holds what it holds.
    package let since: String
    /// What it is doing, cut to 80 characters; empty for a session that does nothing.
    package let query: String

    package var description: String {
        let doing = query.isEmpty ? "" : ": \(query)"
        return "\"\(application)\" from \(client), process \(processID), since \(since)\(doing)"
    }
}
