import Canary
import Foundation
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
    static let compiledIn: [Plugin] = [
        .canary,
        .holdingTenant(runs: runs, types: partnerTypes, linked: Plugin.supportCasesLinked(runs: runs)),
        .hpUniversity(runs: runs, secrets: webhookSecrets ?? []),
        .sellThrough(runs: runs),
        .supportCases(runs: runs, types: partnerTypes),
    ]

    /// How methods start runs; it is given the engine once that has joined the cluster.
    static let runs = LateRunLauncher()

    /// A new kind of partner is a line here.
    private static let partnerTypes = PartnerTypes([ResellAndMonitor(), ServiceDelivery()])

    private static let secretVariable = "HOLDFAST_UNIVERSITY_WEBHOOK_SECRET"

    /// With what the university signs its messages; nil if the variable holds something else.
    private static let webhookSecrets: [WebhookSecret]? = {
        guard let text = ProcessInfo.processInfo.environment[secretVariable], !text.isEmpty else { return [] }
        return WebhookSecret.list(text)
    }()

    /// Those that a node offers.
    static func offered(withCanary: Bool) throws(Refusal) -> [Plugin] {
        guard webhookSecrets != nil else {
            throw Refusal(
                .configuration, "\(secretVariable) must hold secrets that begin with whsec_, separated by spaces")
        }
        return compiledIn.filter { withCanary || $0.name != Plugin.canary.name }
    }
}
