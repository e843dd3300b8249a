import ArgumentParser
import RPCServer
import WorkflowKit

/// What one connection may cost, as `system.info` tells it.
struct LimitOptions: ParsableArguments {
    @Option(help: "Most bytes of a line that a client sends (default: 1048576).")
    var lineBytes: Int?
    @Option(help: "Most arrays and objects inside each other (default: 64).")
    var nesting: Int?
    @Option(help: "Most requests in a batch (default: 1000).")
    var batch: Int?
    @Option(help: "Requests at work for one connection (default: 128); past it the server stops reading from it.")
    var inFlight: Int?
    @Option(help: "Connections at the same time (default: 10000).")
    var connections: Int?
    @Option(help: "Milliseconds that a connection without a session is kept after its last answer (default: 10000).")
    var authMs: Int?
    @Option(help: "Milliseconds that a connection is kept on which nothing happens (default: 600000).")
    var idleMs: Int?

    /// - Throws: ``Refusal`` for a number that no server could work with.
    func resolved(_ settings: Settings) throws(Refusal) -> WireLimits {
        func number(
            _ option: Int?, _ key: String, _ range: ClosedRange<Int>, _ usual: Int
        ) throws(Refusal) -> Int {
            let text = settings.text(key)
            guard let value = option ?? (text == nil ? usual : text.flatMap { Int($0) }), range.contains(value) else {
                throw Refusal(
                    option == nil ? .configuration : .usage,
                    "the limit \"\(key)\" is a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        var limits = WireLimits()
        limits.lineBytes = try number(lineBytes, "lineBytes", 1_024...(1 << 30), limits.lineBytes)
        limits.nesting = try number(nesting, "nesting", 8...512, limits.nesting)
        limits.batch = try number(batch, "batch", 1...100_000, limits.batch)
        limits.inFlight = try number(inFlight, "inFlight", 1...100_000, limits.inFlight)
        limits.connections = try number(connections, "connections", 1...1_000_000, limits.connections)
        limits.authentication = .milliseconds(
            try number(authMs, "authMs", 1...86_400_000, Int(limits.authentication.milliseconds)))
        limits.idle = .milliseconds(try number(idleMs, "idleMs", 1...86_400_000, Int(limits.idle.milliseconds)))
        return limits
    }
}
