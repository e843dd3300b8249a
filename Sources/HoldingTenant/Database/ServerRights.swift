package import WorkflowKit

extension Transaction {
    /// Runs `body` with the server's own rights, inside a transaction that may be a tenant's, and gives them back.
    ///
    /// For what a tenant may cause but not see: starting a run, or moving a PC that its own key was shown for. Row-level
    /// security does not stand behind the statements of `body`, so each of them has to name whose rows it means.
    package func withServerRights<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let role = try await query(
            SQLStatement("select current_setting('role') as role", name: "CurrentRole"))[0].text("role")
        guard role != "none" else { return try await body() }
        try await become("none")
        let value = try await body()
        // After an error the transaction is over, and its role with it.
        try await become(role)
        return value
    }

    private func become(_ role: String) async throws(SQLError) {
        _ = try await query(
            SQLStatement("select set_config('role', $1, true)", name: "BecomeRole", .text(role)))
    }
}
