internal import WorkflowKit

/// What a connection may cost. `system.info` tells them all.
package struct WireLimits: Hashable, Sendable {
    /// Most bytes of a line that a client sends.
    package var lineBytes = 1 << 20
    /// Most arrays and objects inside each other.
    package var nesting = 64
    /// Most requests in a batch.
    package var batch = 1_000
    /// Requests at work for one connection; past it the server stops reading.
    package var inFlight = 128
    /// Connections at the same time.
    package var connections = 10_000
    /// How long a connection without a session is kept after its last answer.
    package var authentication = Duration.seconds(10)
    /// How long a connection is kept on which nothing happens.
    package var idle = Duration.seconds(600)
    /// Most bytes of a line that the server sends, unless the client asked for more: readers of Python's asyncio and
    /// Go's bufio stop at 64 KiB.
    package var answerLineBytes = 60 << 10
    /// Most that a client may ask for.
    package var answerLineBytesMax = 16 << 20
    /// Bytes waiting to be sent; past it the server stops reading from that client.
    package var unsentBytes = 1 << 20

    package init() {}

    /// As `system.info` tells them.
    var json: JSON {
        [
            "lineBytes": .int(lineBytes), "nesting": .int(nesting), "batch": .int(batch), "inFlight": .int(inFlight),
            "connections": .int(connections), "authMs": .int(authentication.milliseconds),
            "idleMs": .int(idle.milliseconds), "answerLineBytes": .int(answerLineBytes),
            "answerLineBytesMax": .int(answerLineBytesMax),
        ]
    }
}
