import WorkflowKit

/// Books entries on an account, each in the transaction of its step.
struct CanaryLedger: Workflow {
    struct Input: Codable, Sendable {
        var account: String
        var entries: Int
        var amount: Int
        /// Between two entries.
        var pauseMs: Int?
    }

    struct Output: Codable, Sendable {
        let entries: Int
    }

    static let name = "canary.ledger"
    static let summary = "Books entries on an account, each exactly once."
    static let inputSchema: JSONSchema? = .object([
        .required("account", .string(1...200)), .required("entries", .integer(0...100_000)),
        .required("amount", .integer(-1_000_000_000...1_000_000_000)), .optional("pauseMs", .integer(0...86_400_000)),
    ])

    func run(_ input: Input, _ context: WorkflowContext) async throws -> Output {
        for number in stride(from: 1, through: input.entries, by: 1) {
            if number > 1, let pause = input.pauseMs { try await context.sleep(for: .milliseconds(pause)) }
            try await context.transaction("step-\(number)") { transaction, step in
                _ = try await transaction.execute(
                    SQLStatement(
                        "insert into canary.ledger (account, amount, run_id, number) values ($1, $2, $3, $4)",
                        .text(input.account), .int8(Int64(input.amount)), .uuid(step.runID.uuid),
                        .int4(Int32(number))))
            }
        }
        return Output(entries: input.entries)
    }
}

/// What the ledger has of an account.
struct CanaryBalance: RPCMethod {
    static let name = "canary.balance"
    static let summary = "What the canary's ledger has of an account."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.reads

    struct Params: Codable, Sendable, JSONDescribed {
        var account: String
        static let schema = JSONSchema.object([.required("account", .string(1...200))])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        let entries: Int
        let amount: Int
        static let schema = JSONSchema.object([.required("entries", .integer), .required("amount", .integer)])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        try await context.read { transaction in
            let rows = try await transaction.query(
                SQLStatement(
                    """
                    select count(*) as entries, coalesce(sum(amount), 0)::bigint as amount
                    from canary.ledger
                    where account = $1
                    """, name: "CanaryBalance", .text(params.account)))
            return Result(entries: try rows[0].int("entries"), amount: try rows[0].int("amount"))
        }
    }
}
