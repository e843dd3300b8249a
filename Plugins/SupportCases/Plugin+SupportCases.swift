package import HoldingTenant
package import WorkflowKit

extension Plugin {
    /// Alerts of PCs, the pop-ups that end users see, and the repair cases that are made of them.
    package static func supportCases(
        runs: any RunLauncher, types: PartnerTypes, catalogue: AlertCatalogue = .shipped
    ) -> Plugin {
        Plugin(
            name: "support-cases", requires: [holdingTenantName], migrations: EmbeddedSQL.migrations,
            workflows: [WorkflowType(CaseClosing.self)],
            methods: [
                AnyRPCMethod(AlertRaise(catalogue: catalogue, types: types)), AnyRPCMethod(AlertList()),
                AnyRPCMethod(AlertView(catalogue: catalogue)), AnyRPCMethod(AlertDismiss(catalogue: catalogue)),
                AnyRPCMethod(AlertClear(catalogue: catalogue)),
                AnyRPCMethod(RepairSubmit(catalogue: catalogue, types: types)), AnyRPCMethod(RepairGet()),
                AnyRPCMethod(RepairList()), AnyRPCMethod(RepairAccept()), AnyRPCMethod(RepairSchedule()),
                AnyRPCMethod(RepairStart()), AnyRPCMethod(RepairResolve(runs: runs)), AnyRPCMethod(RepairReject()),
                AnyRPCMethod(RepairCancel()), AnyRPCMethod(RepairClose()), AnyRPCMethod(RepairRecordOrder()),
            ])
    }

    /// What happens to cases when a partner links its CSDP account; for ``Plugin/holdingTenant(runs:types:linked:)``.
    package static let supportCasesLinked: AccountLinked = { partner, now, transaction in
        try await RepairBook.link(partner, at: now, in: transaction)
    }
}
