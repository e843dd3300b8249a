import Logging
import RPCServer
import WorkflowEngine

/// Everything that was decided before a node starts.
struct NodePlan: Sendable {
    let database: DatabaseOptions.Resolved
    let listen: ListenAddress
    let name: String
    let tls: ListenerConfiguration.TLS?
    let allowsPlaintext: Bool
    let appliesMigrations: Bool
    let offersCanary: Bool
    let business: BusinessSettings
    /// Where the sample files of the story are that is played once the node serves; nil for no story.
    let storySamples: String?
    /// How long accepted work may take after the signal to stop.
    let grace: Duration
    let logLevel: Logger.Level
    let limits: WireLimits
    /// How many runs of a queue may be under way at once. Nodes of one database should agree on them.
    let queueLimits: [String: Int]
    let retention: Retention

    var engine: NodeSettings {
        var settings = NodeSettings(name: name, build: Release.version)
        settings.lane.queueLimits = queueLimits
        return settings
    }

    var listener: ListenerConfiguration {
        var configuration = ListenerConfiguration()
        configuration.host = listen.host
        configuration.port = listen.port
        configuration.tls = tls
        configuration.allowsPlaintextBeyondLoopback = allowsPlaintext
        return configuration
    }
}
