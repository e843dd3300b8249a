package import HoldingTenant
package import WorkflowKit

extension Plugin {
    /// Alerts of PCs, the pop-ups that end users see, the repair cases that are made of them, and requests to the
    /// support team.
    package static func supportCases(
        runs: any RunLauncher, types: PartnerTypes, catalogue: AlertCatalogue = .shipped,
        periods: LifePeriods = .shipped
    ) -> Plugin {
        let repairs = RepairSteps(runs: runs, periods: periods)
        let requests = SupportSteps(runs: runs, periods: periods)
        return Plugin(
            name: "support-cases", requires: [holdingTenantName], migrations: EmbeddedSQL.migrations,
            workflows: [WorkflowType(AlertExpiry.self), WorkflowType(CaseLife.self), WorkflowType(RequestLife.self)],
            methods: [
                AnyRPCMethod(AlertRaise(catalogue: catalogue, types: types, runs: runs, periods: periods)),
                AnyRPCMethod(AlertList()), AnyRPCMethod(AlertView(catalogue: catalogue, runs: runs)),
                AnyRPCMethod(AlertDismiss(catalogue: catalogue, runs: runs)),
                AnyRPCMethod(AlertClear(catalogue: catalogue, runs: runs)),
                AnyRPCMethod(RepairSubmit(catalogue: catalogue, types: types, runs: runs, periods: periods)),
                AnyRPCMethod(RepairGet()), AnyRPCMethod(RepairList()), AnyRPCMethod(RepairAccept(steps: repairs)),
                AnyRPCMethod(RepairSchedule(steps: repairs)), AnyRPCMethod(RepairStart(steps: repairs)),
                AnyRPCMethod(RepairResolve(steps: repairs)), AnyRPCMethod(RepairReject(steps: repairs)),
                AnyRPCMethod(RepairCancel(steps: repairs)), AnyRPCMethod(RepairClose(steps: repairs)),
                AnyRPCMethod(RepairRecordOrder()), AnyRPCMethod(SupportOpen(runs: runs, periods: periods)),
                AnyRPCMethod(SupportGet()), AnyRPCMethod(SupportList()),
                AnyRPCMethod(SupportRequestInfo(steps: requests)), AnyRPCMethod(SupportReply(steps: requests)),
                AnyRPCMethod(SupportResolve(steps: requests)), AnyRPCMethod(SupportClose(steps: requests)),
                AnyRPCMethod(SupportReopen(steps: requests)), AnyRPCMethod(SupportAttribute()),
                AnyRPCMethod(TextList()),
            ], receipts: [AlertBook.popupReceipt(catalogue)])
    }

    /// What happens to cases when a partner links its CSDP account; for ``Plugin/holdingTenant(runs:types:linked:)``.
    package static func supportCasesLinked(
        runs: any RunLauncher, periods: LifePeriods = .shipped
    ) -> AccountLinked {
        { partner, now, transaction in
            try await RepairBook.link(partner, runs, periods, at: now, in: transaction)
        }
    }
}
