import ArgumentParser
import Foundation
import Logging
import RPCServer
import ServiceLifecycle
import UnixSignals
import WorkflowEngine

/// `holdfast serve`: one node.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Starts a node.",
        discussion: """
            Without --database the node creates, starts and owns a PostgreSQL in the data directory. With it, several \
            nodes may share one database, whose schema must be this release's (see "holdfast migrate"). SIGTERM and \
            Ctrl-C let the node finish what it accepted and stop.
            """
    )

    @OptionGroup var database: DatabaseOptions
    @Option(help: "HOST:PORT to listen on (default: 127.0.0.1:7420); port 0 lets the system choose.")
    var listen: String?
    @Option(help: "Name of this node in answers and logs (default: the host's name).")
    var node: String?
    @Flag(help: "Offer the canary workflows, for a first try, benchmarks and fault tests.")
    var canary = false
    @Flag(help: "Play the story of \"holdfast demo\" once the node serves.")
    var demo = false
    @Option(help: "Folder with the sample files of --demo (default: Samples).")
    var samples: String?
    @Flag(help: "With --database: apply the migrations of this release first.")
    var migrate = false
    @Option(help: "Certificate (PEM) to show to clients; turns TLS on.")
    var tlsCert: String?
    @Option(help: "The certificate's private key (PEM).")
    var tlsKey: String?
    @Option(help: "Authority (PEM) of the certificates that clients may authenticate with.")
    var tlsClientCa: String?
    @Option(help: "NAME=COUNT: how many runs of that queue may be under way at once; may be given several times.")
    var queueLimit: [String] = []
    @Option(help: "How long closed runs and events are kept, as in 30d, at least a day (default: 30d).")
    var keep: String?
    @Flag(help: "Listen beyond this machine without TLS: tokens then cross the network in the clear.")
    var allowPlaintext = false
    @Option(help: "Time to finish accepted work after SIGTERM: seconds, or as in 2m (default: 30).")
    var grace: String?
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @Option(help: "trace, debug, info, notice, warning, error or critical (default: notice).")
    var logLevel: String?

    func run() async throws {
        let resolved = try await database.resolved()
        let plan = try plan(resolved)
        LogOutput.install(level: plan.logLevel)
        let logger = Logger(label: "holdfast")
        let node = ServerNode(plan: plan, logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: node, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Self.quiet(logger))
        // The node keeps to its grace period itself; this is for the case that it does not come back at all.
        configuration.maximumGracefulShutdownDuration = plan.grace + .seconds(45)
        try await ServiceGroup(configuration: configuration).run()
        if let refusal = node.refusal { throw refusal }
    }

    /// The lifecycle's own steps are of interest only to somebody who looks for a fault in it.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel > .debug { logger.logLevel = .critical }
        return logger
    }

    private func plan(_ resolved: DatabaseOptions.Resolved) throws -> NodePlan {
        let settings = resolved.settings
        let text = listen ?? settings.text("listen") ?? "127.0.0.1:7420"
        guard let address = ListenAddress(text) else {
            throw Refusal(
                listen == nil ? .configuration : .usage,
                "cannot listen on \"\(text)\": it must look like 127.0.0.1:7420 or [::1]:7420")
        }
        let tls = try tls(settings)
        let allowsPlaintext = try allowPlaintext || settings.flag("allowPlaintext")
        guard tls != nil || allowsPlaintext || address.isLoopback else {
            throw Refusal(
                .configuration,
                "cannot listen on \(address) without TLS, tokens would cross the network in the clear: give --tls-cert "
                    + "and --tls-key, or allow it with --allow-plaintext")
        }
        let levelName = logLevel ?? settings.text("logLevel") ?? "notice"
        guard let level = Logger.Level(rawValue: levelName) else {
            throw Refusal(logLevel == nil ? .configuration : .usage, "there is no log level \"\(levelName)\"")
        }
        let storySamples = samples ?? settings.text("samples") ?? "Samples"
        return NodePlan(
            database: resolved, listen: address,
            name: node ?? settings.text("node") ?? ProcessInfo.processInfo.hostName,
            tls: tls, allowsPlaintext: allowsPlaintext,
            appliesMigrations: try migrate || settings.flag("migrate"),
            offersCanary: try canary || settings.flag("canary"),
            business: try BusinessSettings(settings),
            storySamples: try demo || settings.flag("demo") ? storySamples : nil,
            grace: try gracePeriod(settings), logLevel: level, limits: try limits.resolved(settings),
            queueLimits: try queueLimits(settings), retention: try retention(settings))
    }

    /// The limits of the command line, or else those of the environment or file, separated by commas.
    private func queueLimits(_ settings: Settings) throws -> [String: Int] {
        let texts =
            queueLimit.isEmpty
            ? (settings.text("queueLimit") ?? "").split(separator: ",").map(String.init) : queueLimit
        var limits: [String: Int] = [:]
        for text in texts {
            let parts = text.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, !parts[0].isEmpty, let limit = Int(parts[1]), limit > 0 else {
                throw Refusal(
                    queueLimit.isEmpty ? .configuration : .usage,
                    "a queue limit is a name and a number above 0, as in mail=4, not \"\(text)\"")
            }
            limits[parts[0]] = limit
        }
        return limits
    }

    private func retention(_ settings: Settings) throws -> Retention {
        guard let text = keep ?? settings.text("keep") else { return Retention() }
        guard let time = Duration(short: text), time >= .seconds(86_400) else {
            throw Refusal(
                keep == nil ? .configuration : .usage,
                "closed runs are kept for a day or longer, as in 30d, not \"\(text)\"")
        }
        return Retention(keepClosed: time)
    }

    private func gracePeriod(_ settings: Settings) throws(Refusal) -> Duration {
        guard let text = grace ?? settings.text("grace") else { return .seconds(30) }
        if let seconds = Int(text), (0...86_400).contains(seconds) { return .seconds(seconds) }
        if let time = Duration(short: text), time <= .seconds(86_400) { return time }
        throw Refusal(
            grace == nil ? .configuration : .usage,
            "the grace period is a number of seconds up to a day, as in 30 or 2m, not \"\(text)\"")
    }

    private func tls(_ settings: Settings) throws -> ListenerConfiguration.TLS? {
        let certificate = tlsCert ?? settings.text("tlsCert")
        let key = tlsKey ?? settings.text("tlsKey")
        let authority = tlsClientCa ?? settings.text("tlsClientCa")
        switch (certificate, key) {
        case (nil, nil):
            guard authority == nil else {
                throw Refusal(.usage, "--tls-client-ca needs --tls-cert and --tls-key beside it")
            }
            return nil
        case (let certificate?, let key?):
            for path in [certificate, key] + (authority.map { [$0] } ?? [])
            where !FileManager.default.isReadableFile(atPath: path) {
                throw Refusal(.configuration, "cannot read \"\(path)\", which TLS was to use")
            }
            return .init(certificatePath: certificate, keyPath: key, clientAuthorityPath: authority)
        default:
            throw Refusal(.usage, "--tls-cert and --tls-key come together")
        }
    }
}
