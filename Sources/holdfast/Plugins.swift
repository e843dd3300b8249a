import Canary
import HPUniversity
import HoldingTenant
import ResellAndMonitor
import SellThrough
import ServiceDelivery
import SupportCases
import WorkflowKit

/// The plugins of this binary. A new one is a line here and a line in Package.swift.
enum Plugins {
    /// All that are compiled in; their migrations are part of the schema whether a node offers them or not.
    static let compiledIn = plugins(.shipped)

    private static func plugins(_ business: BusinessSettings) -> [Plugin] {
        [
            .canary,
            .holdingTenant(runs: runs, types: partnerTypes, linked: Plugin.supportCasesLinked(runs: runs)),
            .hpUniversity(runs: runs, catalogue: business.courses, secrets: business.webhookSecrets),
            .sellThrough(runs: runs, catalogue: business.carePacks),
            .supportCases(runs: runs, types: partnerTypes, catalogue: business.alerts),
        ]
    }

    /// How methods start runs; it is given the engine once that has joined the cluster.
    static let runs = LateRunLauncher()

    /// A new kind of partner is a line here.
    private static let partnerTypes = PartnerTypes([ResellAndMonitor(), ServiceDelivery()])

    /// Those that a node offers.
    static func offered(_ business: BusinessSettings, withCanary: Bool) -> [Plugin] {
        plugins(business).filter { withCanary || $0.name != Plugin.canary.name }
    }
}
