import WorkflowKit

/// Whether a partner has its holding tenant, and what waits in it.
struct TenantGet: RPCMethod {
    static let name = "tenant.get"
    static let summary = "Whether a partner has its holding tenant, and how many PCs are unassigned."
    static let access = RPCAccess.kinds([.partner, .admin])
    static let effect = RPCEffect.reads
    static let errors = ["partner.notFound"]

    struct Params: Codable, Sendable, JSONDescribed {
        var partnerId: String?
        static let schema = JSONSchema.object([.optional("partnerId", .identifier, "a partner may leave it out")])
    }

    struct Result: Codable, Sendable, JSONDescribed {
        enum Status: String, Codable, Sendable, CaseIterable {
            case none
            /// Certified; the holding tenant is being made.
            case provisioning
            case active
        }

        var partnerId: String
        var status: Status
        var createdAt: Timestamp?
        /// Whether the page Unassigned Devices is there: from the first transferred PC on, for ever.
        var unassignedVisible: Bool
        var unassignedCount: Int

        static let schema = JSONSchema.object([
            .required("partnerId", .identifier), .required("status", .oneOf(Status.allCases.map(\.rawValue))),
            .optional("createdAt", .timestamp), .required("unassignedVisible", .boolean),
            .required("unassignedCount", .integer(0...Int.max)),
        ])
    }

    func call(_ params: Params, _ context: RPCContext) async throws -> Result {
        let partner = try PartnerAnswer.subject(params.partnerId, of: try context.principal)
        return try await context.read { transaction in
            let rows = try await transaction.query(
                SQLStatement(
                    """
                    select holding_tenant.created_at, first_transfer_at is not null as is_visible,
                        exists (select from holding.certification where certification.partner_id = $1) as is_certified,
                        (select count(*) from holding.device where held_by = $1) as unassigned
                    from holding.partner
                    left join holding.holding_tenant using (partner_id)
                    where partner.partner_id = $1
                    """, name: "TenantByPartner", .text(partner)))
            guard let row = rows.first else { throw RPCError.notFound("partner") }
            let createdAt = try row.timestampOrNull("created_at")
            let waiting: Result.Status = try row.bool("is_certified") ? .provisioning : .none
            return Result(
                partnerId: partner, status: createdAt == nil ? waiting : .active, createdAt: createdAt,
                unassignedVisible: try row.bool("is_visible"), unassignedCount: try row.int("unassigned"))
        }
    }
}
