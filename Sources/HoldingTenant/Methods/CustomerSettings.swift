import WorkflowKit

/// Shows the PIN with which the customer's PCs join, or makes a new one.
struct CustomerCPIN: RPCMethod {
    static let name = "customer.cpin"
    static let summary = "The company PIN with which PCs join the customer's dashboard."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = ["customer.notFound", "customer.precondition"]

    struct Params: Codable, Sendable, JSONDescribed {
        var customerId: String
        var rotate: Bool?

        static let schema = JSONSchema.object([
            .required("customerId", .uuid), .optional("rotate", .boolean, "make a new one; the old one ends at once"),
        ])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        var cpin: String
        static let schema = JSONSchema.object([.required("cpin", .text)])
    }

    static func orderingKey(_ params: Params) -> String? { "customer:\(params.customerId)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        try await context.change("customer:\(params.customerId)") { transaction in
            // Seen with the caller's own rights; the keys are read with the server's.
            let customer = try await CustomerAnswer.accepted(params.customerId, isLocked: true, in: transaction)
            return try await transaction.withServerRights {
                if params.rotate != true, let sealed = customer.sealedPIN {
                    return Result(cpin: try await ServerKeys(in: transaction).opened(sealed).grouped)
                }
                return Result(cpin: try await CustomerBook.renewPIN(of: customer.id, in: transaction).grouped)
            }
        }
    }
}

/// The settings of a dashboard.
struct SettingsAnswer: Codable, Sendable, JSONDescribed {
    var selfServiceAlerts: Bool
    var firstCoveredAt: Timestamp?
    var warning: String?

    static let schema = JSONSchema.object([
        .required("selfServiceAlerts", .boolean), .optional("firstCoveredAt", .timestamp), .optional("warning", .text),
    ])

    init(_ settings: SelfServiceSwitch) {
        selfServiceAlerts = settings.isOn
        firstCoveredAt = settings.firstCoveredAt
        if !settings.isOn, settings.firstCoveredAt == nil {
            warning =
                "the first PC with Premium or Premium+ that is added switches self-service alerts on again; "
                + "switch them off after that"
        }
    }
}

/// Reads the settings of a dashboard.
struct CustomerSettings: RPCMethod {
    static let name = "customer.settings"
    static let summary = "Whether the customer's PCs show self-service alerts."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.reads
    static let errors = ["customer.notFound", "customer.precondition"]

    typealias Params = CustomerReference

    func call(_ params: Params, _ context: RPCContext) async throws -> SettingsAnswer {
        try await context.read { transaction in
            SettingsAnswer(try await CustomerAnswer.accepted(params.customerId, in: transaction).selfService)
        }
    }
}

/// Turns the self-service switch of a dashboard.
struct CustomerConfigure: RPCMethod {
    static let name = "customer.configure"
    static let summary = "Switches the self-service alerts of the customer's PCs on or off."
    static let access = RPCAccess.kinds([.partner, .customer])
    static let effect = RPCEffect.changes
    static let errors = ["customer.notFound", "customer.precondition"]

    struct Params: Codable, Sendable, JSONDescribed {
        var customerId: String
        var selfServiceAlerts: Bool?

        static let schema = JSONSchema.object([
            .required("customerId", .uuid), .optional("selfServiceAlerts", .boolean),
        ])
    }

    static func orderingKey(_ params: Params) -> String? { "customer:\(params.customerId)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> SettingsAnswer {
        try await context.change("customer:\(params.customerId)") { transaction in
            let customer = try await CustomerAnswer.accepted(params.customerId, isLocked: true, in: transaction)
            var settings = customer.selfService
            if let wanted = params.selfServiceAlerts, settings.set(wanted) != .nothing {
                try await transaction.execute(
                    SQLStatement(
                        "update holding.customer set self_service_alerts = $2 where customer_id = $1",
                        name: "TurnSelfService", .uuid(customer.id), .bool(settings.isOn)))
            }
            return SettingsAnswer(settings)
        }
    }
}
