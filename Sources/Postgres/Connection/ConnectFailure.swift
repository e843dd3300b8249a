import WorkflowKit

/// Why one host did not take a connection, read from libpq's text: a failed attempt has no result to ask.
struct ConnectFailure: Error, Equatable {
    /// The five-character code, if the server itself refused.
    let sqlState: String?
    /// One line without the host, which the caller knows.
    let reason: String

    /// `text` is libpq's message in its verbose form, for example
    /// `connection to server on socket "…" failed: FATAL:  3D000: database "x" does not exist`.
    init(text: String) {
        // Continuation lines are advice ("Is the server running …?") or a place in the server's source.
        let line =
            text.split(separator: "\n").first { !$0.hasPrefix("\t") && !$0.hasPrefix("LOCATION:") }.map(String.init)
            ?? "unknown reason"
        if let fatal = line.firstRange(of: "FATAL:  ") {
            let rest = line[fatal.upperBound...]
            let code = rest.prefix(5)
            if code.count == 5, code.allSatisfy({ $0.isNumber || $0.isUppercase }), rest.dropFirst(5).hasPrefix(": ") {
                sqlState = String(code)
                reason = String(rest.dropFirst(7))
                return
            }
        }
        sqlState = nil
        reason = line.firstRange(of: "failed: ").map { String(line[$0.upperBound...]) } ?? line
    }
}

extension SQLError {
    /// The error for a connection that no host took. `database` says which, without secrets.
    init(_ failures: [ConnectFailure], database: String) {
        // Where one host refused for a reason that time does not mend and no other was merely away, waiting is vain.
        let kinds = failures.map(\.kind)
        let kind = kinds.contains(.unavailable) ? .unavailable : kinds.first ?? .unavailable
        var reasons: [String] = []
        for failure in failures where !reasons.contains(failure.reason) { reasons.append(failure.reason) }
        let verb = kind == .unavailable ? "could not" : "cannot"
        self.init(
            kind: kind, message: "\(verb) reach database \(database): \(reasons.joined(separator: "; "))",
            sqlState: failures.lazy.compactMap(\.sqlState).first)
    }
}

extension ConnectFailure {
    fileprivate var kind: SQLError.Kind {
        guard let sqlState else { return .unavailable }
        let kind = SQLError(ServerError(sqlState: sqlState, message: reason), statement: nil).kind
        // A start-up that conflicts or is a defect does not exist; whatever else it is, a later attempt may work.
        return kind == .notPermitted || kind == .rejected ? kind : .unavailable
    }
}
