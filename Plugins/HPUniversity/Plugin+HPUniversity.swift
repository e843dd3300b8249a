import HoldingTenant
package import WorkflowKit

extension Plugin {
    /// Completed courses: who is certified, and with the first certification the holding tenant.
    ///
    /// - Parameter secrets: what signed messages are signed with; without any, no signed message is believed.
    package static func hpUniversity(
        runs: any RunLauncher, catalogue: CourseCatalogue = .shipped, secrets: [WebhookSecret]
    ) -> Plugin {
        Plugin(
            name: "hp-university", requires: [holdingTenantName], migrations: EmbeddedSQL.migrations,
            workflows: [WorkflowType(PartnerCertification.self)],
            methods: [
                AnyRPCMethod(LearnerPut()),
                AnyRPCMethod(CourseComplete(runs: runs, catalogue: catalogue, secrets: secrets)),
            ])
    }
}
