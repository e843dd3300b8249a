package import HoldingTenant
package import WorkflowKit

extension Plugin {
    /// Sell-through reports: from a distributor's file to PCs in holding tenants.
    package static func sellThrough(runs: any RunLauncher, catalogue: CarePackCatalogue = .shipped) -> Plugin {
        Plugin(
            name: "sell-through", requires: [holdingTenantName], migrations: EmbeddedSQL.migrations,
            workflows: [WorkflowType(ReportProcessing.self)],
            methods: [
                AnyRPCMethod(ReportSubmit(runs: runs, catalogue: catalogue)), AnyRPCMethod(ReportGet()),
                AnyRPCMethod(ReportList()), AnyRPCMethod(ReportLines()),
            ])
    }
}
