package import Logging
package import Postgres
package import WorkflowEngine
package import WorkflowKit

/// Puts a node of the engine together on a PostgreSQL database.
package enum PostgresNode {
    /// - Parameter transactions: How many transactional steps may be under way at once; each needs a connection.
    package static func make(
        _ configuration: PostgresConfiguration, settings: NodeSettings, plugins: [Plugin], transactions: Int = 16,
        logger: Logger
    ) -> Node {
        var configuration = configuration
        // All connections of this process carry one name, by which a take-over finds what is left of them.
        let sessionName = "holdfast-\(UInt64.random(in: .min ... .max))"
        configuration.parameters["application_name"] = sessionName
        // Each statement of the engine goes by a key, and its tables grow and shrink faster than statistics follow:
        // a plan made when a table was empty would read all of it for ever.
        configuration.add(option: "enable_seqscan", "off")
        let pool = PostgresPool(configuration: configuration, size: transactions, logger: logger)
        var lane = configuration
        // Commits are the same few statements with arrays of any length; to plan them anew would cost as much again.
        lane.add(option: "plan_cache_mode", "force_generic_plan")
        let stores: [any Store] = (0..<settings.lanes).map { _ in
            PostgresJournal(pipeline: PostgresPipeline(configuration: lane, logger: logger), pool: pool)
        }
        let cluster = PostgresCluster(
            configuration: configuration, sessionName: sessionName, lease: settings.lease, logger: logger)
        return Node(
            settings: settings, registry: WorkflowRegistry(plugins.map { ($0.name, $0.workflows) }), cluster: cluster,
            stores: stores, reader: PostgresRunReader(pool: pool), inline: PostgresInlineStore(), logger: logger)
    }
}
