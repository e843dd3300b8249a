import WorkflowKit

/// Makes a partner known.
struct PartnerCreate: RPCMethod {
    static let name = "partner.create"
    static let summary = "Makes a partner known to the server."
    static let access = RPCAccess.kinds([.admin])
    static let effect = RPCEffect.changes
    static let errors = ["partner.conflict"]

    let types: PartnerTypes

    struct Params: Codable, Sendable, JSONDescribed {
        var partnerId: String
        var name: String
        var csdpAccount: String?

        static let schema = JSONSchema.object([
            .required("partnerId", .string(1...80), "the number by which reports and learners name the partner"),
            .required("name", .string(1...200), "the name that end users see"),
            .optional("csdpAccount", .string(1...80), "its account on HP's Channel Services Delivery Platform"),
        ])
    }

    static func orderingKey(_ params: Params) -> String? { "partner:\(params.partnerId)" }

    func call(_ params: Params, _ context: RPCContext) async throws -> PartnerAnswer {
        guard let partner = PartnerID(params.partnerId) else {
            throw RPCError.invalidParam("partnerId", "must be visible characters without space at either end")
        }
        let account = try CSDPAccount.checked(params.csdpAccount)
        let (now, types) = (context.now, types)
        return try await context.change("partner:\(partner.text)") { transaction in
            let made = try await transaction.execute(
                SQLStatement(
                    """
                    insert into holding.partner (partner_id, name, csdp_account, created_at)
                    values ($1, $2, $3, $4)
                    on conflict (partner_id) do nothing
                    """, name: "InsertPartner", .text(partner.text), .text(params.name), .text(orNull: account?.text),
                    .timestamp(now)))
            guard made > 0, let profile = try await PartnerBook.profile(of: partner.text, in: transaction) else {
                throw RPCError.conflict("partner", "There is a partner of that number already.")
            }
            return PartnerAnswer(profile, types: types)
        }
    }
}

/// Reads a partner.
struct PartnerGet: RPCMethod {
    static let name = "partner.get"
    static let summary = "A partner with the tracks that it completed and how its repair cases are routed."
    static let access = RPCAccess.kinds([.admin, .partner])
    static let effect = RPCEffect.reads
    static let errors = ["partner.notFound"]

    let types: PartnerTypes

    struct Params: Codable, Sendable, JSONDescribed {
        var partnerId: String?
        static let schema = JSONSchema.object([.optional("partnerId", .identifier, "a partner may leave it out")])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> PartnerAnswer {
        let partner = try PartnerAnswer.subject(params.partnerId, of: try context.principal)
        let types = types
        return try await context.read { transaction in
            guard let profile = try await PartnerBook.profile(of: partner, in: transaction) else {
                throw RPCError.notFound("partner")
            }
            return PartnerAnswer(profile, types: types)
        }
    }
}

/// Links a CSDP account, or chooses how repair cases are routed; both count for later submissions only.
struct PartnerConfigure: RPCMethod {
    static let name = "partner.configure"
    static let summary = "Links the partner's CSDP account or chooses how its later repair cases are routed."
    static let access = RPCAccess.kinds([.partner, .admin])
    static let effect = RPCEffect.changes
    static let errors = ["partner.notFound"]

    let types: PartnerTypes
    let linked: AccountLinked

    struct Params: Codable, Sendable, JSONDescribed {
        var partnerId: String?
        var csdpAccount: String?
        var routing: String?

        static let schema = JSONSchema.object([
            .optional("partnerId", .identifier, "a partner may leave it out"),
            .optional("csdpAccount", .string(1...80)),
            .optional("routing", .oneOf([Track.resellAndMonitor.name, Track.serviceDelivery.name])),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> PartnerAnswer {
        let partner = try PartnerAnswer.subject(params.partnerId, of: try context.principal)
        let account = try CSDPAccount.checked(params.csdpAccount)
        let (types, linked, now) = (types, linked, context.now)
        return try await context.change("partner:\(partner)") { transaction in
            try await transaction.execute(
                SQLStatement(
                    """
                    update holding.partner
                    set csdp_account = coalesce($2, csdp_account), chosen_routing = coalesce($3, chosen_routing)
                    where partner_id = $1
                    """, name: "ConfigurePartner", .text(partner), .text(orNull: account?.text),
                    .text(orNull: params.routing)))
            guard let profile = try await PartnerBook.profile(of: partner, in: transaction) else {
                throw RPCError.notFound("partner")
            }
            if account != nil {
                try await transaction.withServerRights { try await linked(profile, now, transaction) }
            }
            return PartnerAnswer(profile, types: types)
        }
    }
}

extension CSDPAccount {
    /// - Throws: `params.invalid` for a text that is no account.
    static func checked(_ text: String?) throws(RPCError) -> CSDPAccount? {
        guard let text else { return nil }
        guard let account = CSDPAccount(text) else {
            throw .invalidParam("csdpAccount", "must be visible characters without space at either end")
        }
        return account
    }
}
