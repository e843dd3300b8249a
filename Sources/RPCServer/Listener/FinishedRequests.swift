internal import NIOCore
private import Synchronization

/// Brings the outcomes of tasks back to the connection's event loop, those of one moment together.
///
/// Waking the event loop costs more than the rest of an answer, so only the first of a burst does it.
final class FinishedRequests: Sendable {
    private let outcomes = Mutex<[(number: Int, outcome: RPCDispatcher.Outcome)]>([])
    private let handler: NIOLoopBound<ConnectionHandler>
    private let eventLoop: any EventLoop

    init(handler: NIOLoopBound<ConnectionHandler>, eventLoop: any EventLoop) {
        self.handler = handler
        self.eventLoop = eventLoop
    }

    func add(_ number: Int, _ outcome: RPCDispatcher.Outcome) {
        let isFirst = outcomes.withLock { outcomes in
            outcomes.append((number, outcome))
            return outcomes.count == 1
        }
        guard isFirst else { return }
        eventLoop.execute { [self] in
            let taken = outcomes.withLock { outcomes in
                let taken = outcomes
                outcomes = []
                return taken
            }
            handler.value.finish(taken)
        }
    }
}
