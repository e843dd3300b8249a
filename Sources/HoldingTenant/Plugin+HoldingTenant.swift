package import WorkflowKit

/// What else happens in the transaction in which a partner links its CSDP account, with the server's rights.
package typealias AccountLinked = @Sendable (PartnerProfile, Timestamp, any Transaction) async throws -> Void

extension Plugin {
    /// The name under which other plugins require the tables of this one.
    package static let holdingTenantName = "holding-tenant"

    /// The common ground of the business: partners, holding tenants, customers and PCs.
    ///
    /// - Parameters:
    ///   - runs: starts the long-running parts.
    ///   - types: the partner types that this server knows.
    ///   - linked: what the cases do that wait for the account.
    ///   - periods: how long invitations wait.
    package static func holdingTenant(
        runs: any RunLauncher, types: PartnerTypes, linked: @escaping AccountLinked = { _, _, _ in },
        periods: InvitationPeriods = .shipped
    ) -> Plugin {
        Plugin(
            name: holdingTenantName, migrations: EmbeddedSQL.migrations,
            workflows: [WorkflowType(TransferNews.self), WorkflowType(InvitationLife.self)],
            methods: [
                AnyRPCMethod(PartnerCreate(types: types)), AnyRPCMethod(PartnerGet(types: types)),
                AnyRPCMethod(PartnerConfigure(types: types, linked: linked)), AnyRPCMethod(TenantGet()),
                AnyRPCMethod(UploadBegin()), AnyRPCMethod(UploadAppend()), AnyRPCMethod(UploadStatus()),
                AnyRPCMethod(DeviceList()), AnyRPCMethod(CustomerCreate(runs: runs, periods: periods)),
                AnyRPCMethod(CustomerInvite(runs: runs, periods: periods)), AnyRPCMethod(CustomerAccept(runs: runs)),
                AnyRPCMethod(CustomerGet()), AnyRPCMethod(CustomerList()), AnyRPCMethod(CustomerCPIN()),
                AnyRPCMethod(CustomerSettings()), AnyRPCMethod(CustomerConfigure()),
                AnyRPCMethod(DeviceTransfer(runs: runs)), AnyRPCMethod(DeviceUndoTransfer(runs: runs)),
                AnyRPCMethod(DeviceGet()), AnyRPCMethod(DeviceTrace()), AnyRPCMethod(DeviceEnroll()),
                AnyRPCMethod(DeviceEnrollMany(runs: runs)),
            ])
    }
}
