internal import NIOCore

/// Sends lines that were subscribed to, no faster than the client takes them.
struct ConnectionOutlet: SessionOutlet {
    let handler: NIOLoopBound<ConnectionHandler>
    let eventLoop: any EventLoop

    func send(line: [UInt8]) async throws {
        let isOpen = await withCheckedContinuation { continuation in
            eventLoop.execute { handler.value.send(line, continuation) }
        }
        guard isOpen else { throw ChannelError.ioOnClosedChannel }
    }
}

extension ConnectionHandler {
    /// Writes the line now; the sender goes on once the client has taken enough of what is unsent.
    fileprivate func send(_ line: [UInt8], _ continuation: CheckedContinuation<Bool, Never>) {
        guard let context, case nil = ending else { return continuation.resume(returning: false) }
        write(line: line)
        flushIfNeeded()
        if context.channel.isWritable {
            continuation.resume(returning: true)
        } else {
            waitingSenders.append(continuation)
        }
    }
}
