package import WorkflowKit

/// Where a database is and how to talk to it.
package struct PostgresConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// Keywords of libpq (PostgreSQL manual, "Parameter Key Words"), as the URL gave them. Changing or adding one
    /// overrides the URL: `dbname`, `application_name`, `target_session_attrs`, `options`, …
    package var parameters: [String: String]
    /// How long one host may take to accept a connection.
    package var connectTimeout: Duration = .seconds(10)
    /// After this long the server gives up a statement; nil leaves it to the server's configuration.
    package var statementTimeout: Duration?
    /// After this long the server gives up waiting for a lock; nil leaves it to the server's configuration.
    package var lockTimeout: Duration?
    /// After this long without a statement the server ends a transaction and its session; nil leaves it to the
    /// server's configuration.
    package var idleInTransactionTimeout: Duration?

    /// Reads a `postgres://` URL or a string of libpq's keywords (`host=… dbname=…`); both may name several hosts.
    ///
    /// What they leave out comes from the environment (`PGHOST`, `PGUSER`, …) and then from libpq's defaults. Throws
    /// `.rejected` with a sentence that says how one looks and repeats nothing of `url`, which may hold a password.
    package init(url: String) throws(SQLError) {
        guard let parameters = Self.parse(url) else {
            throw SQLError(
                kind: .rejected,
                message: "cannot read the database URL: it must look like "
                    + "postgres://user@host:5432/database or host=/run/postgresql dbname=database")
        }
        self.parameters = parameters
    }

    /// Host, port and database for people; never a user's name or password.
    package var redactedDescription: String {
        let hosts = hosts.map { host in
            host.name.contains(":") ? "[\(host.name)]:\(host.port)" : "\(host.name):\(host.port)"
        }
        let database = value("dbname") ?? value("user") ?? ""
        return "\"\(database)\" on \(hosts.joined(separator: ","))"
    }

    /// The same as ``redactedDescription``: printing a configuration must not show its password.
    package var description: String { redactedDescription }
    package var customMirror: Mirror { Mirror(reflecting: redactedDescription) }

    /// What `keyword` will be: from the URL, or from libpq's environment and defaults.
    /// Sets a parameter of the server for each connection made with this, beside those that the URL sets.
    package mutating func add(option name: String, _ value: String) {
        let option = "-c \(name)=\(value)"
        parameters["options"] = parameters["options"].map { "\($0) \(option)" } ?? option
    }

    private func value(_ keyword: String) -> String? { parameters[keyword] ?? Self.defaults[keyword] }

    struct Host: Equatable {
        var name: String
        var address: String?
        var port: String
    }

    /// The hosts of the URL in their order; libpq takes comma-separated lists.
    var hosts: [Host] {
        let names = list("host") ?? []
        let addresses = list("hostaddr") ?? []
        let ports = list("port") ?? []
        return (0..<max(1, names.count, addresses.count)).map { index in
            let port = ports.count == 1 ? ports[0] : ports.indices.contains(index) ? ports[index] : ""
            let address = addresses.indices.contains(index) ? addresses[index] : ""
            let name = names.indices.contains(index) ? names[index] : ""
            return Host(
                name: name.isEmpty ? (address.isEmpty ? "localhost" : address) : name,
                address: address.isEmpty ? nil : address, port: port.isEmpty ? "5432" : port)
        }
    }

    private func list(_ keyword: String) -> [String]? {
        value(keyword)?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// The keywords for one connection attempt: those of the URL, our defaults where it is silent, and the time-outs.
    var effectiveParameters: [String: String] {
        // A dead peer is noticed after half a minute instead of two hours: keep-alives find it while the link is
        // idle, the user time-out while data are under way (Linux, tcp(7)).
        var result = [
            "application_name": "holdfast",
            "keepalives_idle": "15", "keepalives_interval": "5", "keepalives_count": "3",
            "tcp_user_timeout": "30000",
        ]
        result.merge(parameters) { _, given in given }
        result["client_encoding"] = "UTF8"
        var options = result["options"].map { [$0] } ?? []
        for (name, limit) in [
            ("statement_timeout", statementTimeout), ("lock_timeout", lockTimeout),
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout),
        ] {
            if let limit { options.append("-c \(name)=\(max(1, limit.milliseconds))") }
        }
        if !options.isEmpty { result["options"] = options.joined(separator: " ") }
        return result
    }
}
