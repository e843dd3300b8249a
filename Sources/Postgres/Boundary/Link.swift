import CLibPQ
import Glibc
import Logging

/// One libpq connection and what is under way on it.
///
/// Whoever calls libpq holds the lock, and holds it only for calls that do not block. Statements are sent by the
/// calling task; the reactor's thread reads the answers and resumes the task that waits for them.
final class Link: ReactorClient {
    let processID: Int32
    let serverVersion: Int32
    let logger: Logger
    private let notices: NoticeCollector
    private let state: Locked<State>

    @safe struct State {
        /// Nil once the link is closed or broken.
        var connection: OpaquePointer?
        let socket: Int32
        var reactorID: UInt64 = 0
        var isWatchingOutput = false
        /// What was sent and is not yet answered, oldest first. Without pipeline mode there is one at most.
        var exchanges: [Exchange] = []
        /// The task that waits until the kernel took all that was written.
        var outputWaiter: CheckedContinuation<Bool, Never>?
        var listeners: [Listener] = []
    }

    /// What is to be done once the lock is free.
    struct Deliveries {
        var answers: [(Answer, Exchange.Outcome)] = []
        var notifications: [(Listener, PostgresNotification)] = []
        var ended: [Listener] = []
        var outputWaiter: (CheckedContinuation<Bool, Never>, Bool)?

        func deliver() {
            for (continuation, outcome) in answers { continuation.resume(returning: outcome) }
            if let (continuation, isWritten) = outputWaiter { continuation.resume(returning: isWritten) }
            for (listener, notification) in notifications { listener.deliver(notification) }
            for listener in ended { listener.end() }
        }
    }

    /// Takes over `connection`, a `PGconn` that is connected.
    init(_ connection: sending OpaquePointer, logger: Logger) {
        let notices = NoticeCollector()
        unsafe notices.attach(to: connection)
        unsafe _ = PQsetnonblocking(connection, 1)
        self.notices = notices
        self.logger = logger
        self.processID = unsafe PQbackendPID(connection)
        self.serverVersion = unsafe PQserverVersion(connection)
        self.state = unsafe Locked(State(connection: connection, socket: PQsocket(connection)))
        state.withLock { state in
            state.reactorID = Reactor.shared.add(self, socket: state.socket)
        }
    }

    deinit { close() }

    var isOpen: Bool { state.withLock { unsafe $0.connection != nil } }

    /// Whether the session is outside of a transaction and waits for a statement.
    var isIdle: Bool {
        state.withLock { state in
            guard let connection = unsafe state.connection else { return false }
            return unsafe state.exchanges.isEmpty && PQtransactionStatus(connection) == PQTRANS_IDLE
        }
    }

    /// Whether a transaction is open, healthy or not.
    var isInTransaction: Bool {
        state.withLock { state in
            guard let connection = unsafe state.connection else { return false }
            let status = unsafe PQtransactionStatus(connection)
            return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
        }
    }

    /// Whether a statement of the open transaction failed, so that only a rollback is accepted.
    var isFailedTransaction: Bool {
        state.withLock { state in
            guard let connection = unsafe state.connection else { return false }
            return unsafe PQtransactionStatus(connection) == PQTRANS_INERROR
        }
    }

    /// Whether the server gave up waiting for a synchronous standby since the last call.
    func takeAbandonedSyncWait() -> Bool { notices.takeAbandonedSyncWait() }

    /// Ends the session. Whatever is under way ends as lost.
    func close() {
        let deliveries = state.withLock { state in
            var deliveries = Deliveries()
            finish(&state, &deliveries)
            return deliveries
        }
        deliveries.deliver()
    }

    /// Cuts the socket, as a failing network would; the reactor notices and ends what is under way.
    func cut() {
        state.withLock { state in
            if unsafe state.connection != nil { _ = Glibc.shutdown(state.socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Switches to libpq's pipeline mode; false if the link broke meanwhile.
    func enterPipelineMode() -> Bool {
        state.withLock { state in
            guard let connection = unsafe state.connection else { return false }
            return unsafe PQenterPipelineMode(connection) == 1
        }
    }

    // MARK: - Exchanges

    /// Sends `message` and waits for the answers to it.
    nonisolated(nonsending) func exchange(_ message: Message, isCancellable: Bool) async -> Exchange.Outcome {
        await exchange([message], until: .ready, isCancellable: isCancellable)
    }

    /// Sends `messages` together and waits for the answers to them.
    ///
    /// When the calling task is cancelled, a cancellable exchange is cancelled on the server, and its answer still
    /// awaited, so that the next exchange finds a clean session.
    nonisolated(nonsending) func exchange(
        _ messages: [Message], until ending: Exchange.Ending, isCancellable: Bool
    ) async -> Exchange.Outcome {
        let ticket = Ticket()
        guard isCancellable else {
            return await unsafe withUnsafeContinuation {
                start(messages, ticket, until: ending, answerTo: unsafe Answer($0))
            }
        }
        return await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { start(messages, ticket, until: ending, answerTo: unsafe Answer($0)) }
        } onCancel: {
            ticket.cancel()
            cancel(ticket)
        }
    }

    private func start(
        _ messages: [Message], _ ticket: Ticket, until ending: Exchange.Ending,
        answerTo continuation: Answer
    ) {
        let deliveries = state.withLock { state in
            var deliveries = Deliveries()
            guard let connection = unsafe state.connection else {
                deliveries.answers.append((continuation, .notSent))
                return deliveries
            }
            if ticket.isCancelled {
                deliveries.answers.append((continuation, .cancelledUnsent))
                return deliveries
            }
            guard messages.allSatisfy({ unsafe $0.send(on: connection) }) else {
                // A part may be in libpq's buffer. What is left of the session cannot be trusted.
                deliveries.answers.append((continuation, .notSent))
                unsafe breakLink(&state, connection, &deliveries)
                return deliveries
            }
            // The kernel may yet take all of these before it takes all of the new one.
            if state.isWatchingOutput {
                for index in state.exchanges.indices { state.exchanges[index].isFullySent = true }
            }
            state.exchanges.append(Exchange(ticket: ticket, ending: ending, continuation: continuation))
            unsafe flush(&state, connection, &deliveries)
            return deliveries
        }
        deliveries.deliver()
    }

    /// Writes what libpq has buffered, as far as the kernel takes it.
    private func flush(_ state: inout State, _ connection: OpaquePointer, _ deliveries: inout Deliveries) {
        let pending = unsafe PQflush(connection)
        if pending == 0 {
            for index in state.exchanges.indices { state.exchanges[index].isFullySent = true }
            if let waiter = state.outputWaiter {
                deliveries.outputWaiter = (waiter, true)
                state.outputWaiter = nil
            }
        }
        let mustWatch = pending == 1
        if mustWatch != state.isWatchingOutput {
            Reactor.shared.watchOutput(mustWatch, of: state.reactorID, socket: state.socket)
            state.isWatchingOutput = mustWatch
        }
        if pending < 0 { unsafe breakLink(&state, connection, &deliveries) }
    }

    func socketIsReady() {
        let deliveries = state.withLock { state in
            var deliveries = Deliveries()
            guard let connection = unsafe state.connection else { return deliveries }
            if state.isWatchingOutput { unsafe flush(&state, connection, &deliveries) }
            guard unsafe state.connection != nil else { return deliveries }
            guard unsafe PQconsumeInput(connection) == 1, unsafe PQstatus(connection) == CONNECTION_OK else {
                unsafe breakLink(&state, connection, &deliveries)
                return deliveries
            }
            unsafe collectAnswers(&state, connection, isBroken: false, &deliveries)
            guard unsafe state.connection != nil else { return deliveries }
            unsafe collectNotifications(&state, connection, &deliveries)
            return deliveries
        }
        notices.log(to: logger)
        deliveries.deliver()
    }

    /// Hands every answer that has arrived to the exchange that it belongs to.
    private func collectAnswers(
        _ state: inout State, _ connection: OpaquePointer, isBroken: Bool, _ deliveries: inout Deliveries
    ) {
        // A broken link has no more than what was read already; the bound only guards against a libpq that would
        // report the loss for ever.
        var readsLeft = isBroken ? 10_000 : Int.max
        // Indexed: a copy of the exchange would make every new answer copy all that came before it.
        while !state.exchanges.isEmpty, !state.exchanges[0].isAnswered, readsLeft > 0 {
            readsLeft -= 1
            if !isBroken, unsafe PQisBusy(connection) != 0 { return }
            let result = unsafe PQgetResult(connection).map { unsafe ServerResult($0) }
            switch state.exchanges[0].receive(result) {
            case .continue: continue
            case .wait: return
            case .unusable:
                // Reading on would never end, and this client has no way to copy out.
                if !isBroken { finish(&state, &deliveries) }
                return
            case .answered: answer(&state, &deliveries)
            }
        }
    }

    /// Gives the first exchange its answer, unless a cancel request for it is still on its way: that one could hit
    /// whatever is sent next.
    private func answer(_ state: inout State, _ deliveries: inout Deliveries) {
        guard let exchange = state.exchanges.first, exchange.isAnswered, !exchange.isCancelUnderWay else { return }
        state.exchanges.removeFirst()
        deliveries.answers.append((exchange.continuation, exchange.outcome))
    }

    /// Reads what arrived before the link broke, ends everything that is under way, and closes.
    private func breakLink(_ state: inout State, _ connection: OpaquePointer, _ deliveries: inout Deliveries) {
        unsafe collectAnswers(&state, connection, isBroken: true, &deliveries)
        finish(&state, &deliveries)
    }

    private func finish(_ state: inout State, _ deliveries: inout Deliveries) {
        guard let connection = unsafe state.connection else { return }
        unsafe state.connection = nil
        // libpq closes the socket itself when the peer is gone.
        Reactor.shared.remove(state.reactorID, socket: unsafe PQsocket(connection) >= 0 ? state.socket : nil)
        unsafe PQfinish(connection)
        // The server works in order: when it is known to have stopped inside one exchange, it never began the next.
        var hasStopped = false
        for var exchange in state.exchanges {
            let outcome = exchange.outcomeWhenLost(serverHadStopped: hasStopped)
            if case .lost(_, isDone: .no) = outcome { hasStopped = true }
            deliveries.answers.append((exchange.continuation, outcome))
        }
        state.exchanges = []
        if let waiter = state.outputWaiter {
            deliveries.outputWaiter = (waiter, false)
            state.outputWaiter = nil
        }
        deliveries.ended = state.listeners
        state.listeners = []
    }

    // MARK: - Cancellation

    /// How long the server has to answer after it was asked to cancel; then the link is cut.
    private static let cancelGrace: Duration = .seconds(10)

    private func cancel(_ ticket: Ticket) {
        let request: CancelRequest? = state.withLock { state in
            guard let connection = unsafe state.connection,
                let index = state.exchanges.firstIndex(where: { $0.ticket === ticket }),
                !state.exchanges[index].isAnswered, !state.exchanges[index].isCancelUnderWay
            else { return nil }
            guard let request = unsafe CancelRequest(for: connection) else {
                _ = Glibc.shutdown(state.socket, Int32(SHUT_RDWR))
                return nil
            }
            state.exchanges[index].isCancelUnderWay = true
            return request
        }
        guard let request else { return }
        onOwnThread("postgres-cancel") { [self] in
            let isDelivered = request.send()
            cancelReturned(for: ticket, isDelivered: isDelivered)
        }
        Timer.after(Self.cancelGrace) { [weak self] in self?.cutIfUnanswered(ticket) }
    }

    private func cancelReturned(for ticket: Ticket, isDelivered: Bool) {
        let deliveries = state.withLock { state in
            var deliveries = Deliveries()
            guard let index = state.exchanges.firstIndex(where: { $0.ticket === ticket }) else { return deliveries }
            state.exchanges[index].isCancelUnderWay = false
            if state.exchanges[index].isAnswered {
                answer(&state, &deliveries)
            } else if !isDelivered {
                _ = Glibc.shutdown(state.socket, Int32(SHUT_RDWR))
            }
            return deliveries
        }
        deliveries.deliver()
    }

    private func cutIfUnanswered(_ ticket: Ticket) {
        state.withLock { state in
            guard unsafe state.connection != nil, state.exchanges.contains(where: { $0.ticket === ticket }) else {
                return
            }
            _ = Glibc.shutdown(state.socket, Int32(SHUT_RDWR))
        }
    }

    // MARK: - COPY

    /// Hands one piece of a COPY to libpq and waits until the kernel took it; false when the link broke.
    nonisolated(nonsending) func copy(_ bytes: [UInt8]) async -> Bool {
        await unsafe write { connection in
            unsafe bytes.withUnsafeBytes { buffer in
                // In non-blocking mode libpq's buffer grows as needed, so "try later" (0) does not happen while the
                // buffer is emptied after each piece.
                unsafe PQputCopyData(
                    connection, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count)) == 1
            }
        }
    }

    private nonisolated(nonsending) func write(_ put: (OpaquePointer) -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let deliveries = state.withLock { state in
                var deliveries = Deliveries()
                guard let connection = unsafe state.connection else {
                    deliveries.outputWaiter = (continuation, false)
                    return deliveries
                }
                state.outputWaiter = continuation
                if unsafe put(connection) {
                    unsafe flush(&state, connection, &deliveries)
                } else {
                    unsafe breakLink(&state, connection, &deliveries)
                }
                return deliveries
            }
            deliveries.deliver()
        }
    }

    // MARK: - Notifications

    /// Hands every notification from now on to `listener`; false when the link is gone.
    func add(_ listener: Listener) -> Bool {
        state.withLock { state in
            guard unsafe state.connection != nil else { return false }
            state.listeners.append(listener)
            return true
        }
    }

    func remove(_ listener: Listener) {
        state.withLock { $0.listeners.removeAll { $0 === listener } }
    }

    private func collectNotifications(
        _ state: inout State, _ connection: OpaquePointer, _ deliveries: inout Deliveries
    ) {
        while let pointer = unsafe PQnotifies(connection) {
            let notification = unsafe PostgresNotification(
                channel: String(cString: pointer.pointee.relname), payload: String(cString: pointer.pointee.extra),
                processID: pointer.pointee.be_pid)
            unsafe PQfreemem(pointer)
            for listener in state.listeners { deliveries.notifications.append((listener, notification)) }
        }
    }
}
