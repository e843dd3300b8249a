internal import DequeModule
internal import Logging
internal import Metrics
internal import NIOCore
internal import WorkflowKit

/// One client: bytes in, lines, requests, answers, bytes out.
///
/// Everything here happens on the connection's event loop; only a method that takes time runs in a task, and its answer
/// comes back through ``FinishedRequests``. What was read in one go is answered with one flush.
///
/// Nothing is ever dropped: when the client has too many requests at work, sends faster than it reads, or is opening its
/// session, the server stops reading, and TCP holds the client back.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// How a connection comes to its end.
    enum Ending {
        /// Nothing more is read from it; it closes once everything that was accepted is answered.
        case afterAnswers(lastLine: [UInt8]?)
        /// The last answer is on its way; whatever still arrives is thrown away until the client has closed too.
        case lingering
    }

    /// A request that was accepted and whose answer is not written yet.
    struct Accepted {
        let slot: AnswerSlot
        let isBarrier: Bool
        let requestID: String
        /// The task of a request that only reads, which may be given up: a wait for something that is yet to happen.
        var reading: Task<Void, Never>?
    }

    let dispatcher: RPCDispatcher
    let registry: ConnectionRegistry
    let number: UInt64
    var requestCount = 0

    var context: ChannelHandlerContext?
    var session: RPCSession?
    var finished: FinishedRequests?
    private let makeOutlet: (ConnectionHandler, ChannelHandlerContext) -> any SessionOutlet

    /// Bytes that arrived and are not read yet.
    var buffer = ByteBuffer()
    var framer: LineFramer
    /// Members of a batch that wait for their turn.
    var waiting: Deque<WaitingRequest> = []
    /// Requests at work, by a number of their own.
    var accepted: [Int: Accepted] = [:]
    /// Which of them may be carried out, and which wait for an earlier one.
    var order = RequestOrder()
    var nextNumber = 0
    var isBarred = false
    var isInputClosed = false
    var isPumping = false
    var ending: Ending?
    private var isReadHeld = false
    /// Lines that leave with the next flush, as one buffer: one for each line would cost more than the rest of a small
    /// answer.
    private var unsent = ByteBuffer()
    private var needsFlush = false
    /// So many bytes of them are handed on, to be counted as what the client has not taken yet.
    private static let unsentBytesMax = 16_384
    /// How the ids of this connection's requests begin.
    let requestIDPrefix: String

    var lastActivity = NIODeadline.distantPast
    private var deadline: Scheduled<Void>?

    init(
        dispatcher: RPCDispatcher, registry: ConnectionRegistry, number: UInt64
    ) {
        self.dispatcher = dispatcher
        self.registry = registry
        self.number = number
        requestIDPrefix = "\(registry.runName)-\(number)-"
        framer = LineFramer(lineBytesMax: dispatcher.limits.lineBytes)
        makeOutlet = { handler, context in
            ConnectionOutlet(handler: NIOLoopBound(handler, eventLoop: context.eventLoop), eventLoop: context.eventLoop)
        }
    }

    /// Continuations of senders that wait until the client has taken more.
    var waitingSenders: [CheckedContinuation<Bool, Never>] = []

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session = RPCSession(
            answerLineBytes: dispatcher.limits.answerLineBytes, outlet: makeOutlet(self, context))
        finished = FinishedRequests(
            handler: NIOLoopBound(self, eventLoop: context.eventLoop), eventLoop: context.eventLoop)
        lastActivity = context.eventLoop.now
        scheduleDeadline(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    /// The connection is gone; changes that are at work go on, and their answers go nowhere.
    private func leave() {
        guard self.context != nil else { return }
        self.context = nil
        deadline?.cancel()
        deadline = nil
        resumeSenders(isOpen: false)
        giveUpReading()
        waiting = []
        session?.close()
        registry.remove(number)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        registry.metrics.bytesReceived.increment(by: bytes.readableBytes)
        // Without a session only answers count: bytes that never become a request keep no connection open.
        if session?.token != nil { lastActivity = context.eventLoop.now }
        guard case nil = ending else { return }
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeBuffer(&bytes)
        }
        pump()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flushIfNeeded()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            isInputClosed = true
            if case .lingering = ending { return context.close(promise: nil) }
            pump()
            flushIfNeeded()
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            resumeSenders(isOpen: true)
            pump()
            flushIfNeeded()
        }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        registry.logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        if mayRead(context) { context.read() } else { isReadHeld = true }
    }

    // MARK: Reading no more than can be dealt with

    /// Whether another request may be taken up.
    var mayStart: Bool {
        guard let context, case nil = ending else { return false }
        return !isBarred && accepted.count < dispatcher.limits.inFlight && context.channel.isWritable
    }

    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        switch ending {
        case .lingering: true
        case .afterAnswers: false
        case nil: mayStart && waiting.isEmpty
        }
    }

    /// Reads again if reading was held and need not be any more.
    func releaseRead() {
        guard let context else { return }
        let isPossible = mayRead(context)
        if !isPossible, !isReadHeld { registry.metrics.backPressure.increment() }
        guard isReadHeld, isPossible else { return }
        isReadHeld = false
        context.read()
    }

    // MARK: Writing

    /// Puts a line into the next flush.
    func write(line: [UInt8]) {
        unsafe write(lineBytes: line.count) { place in unsafe place.copyBytes(from: line) }
    }

    /// Puts the line of `lineBytes` bytes that `body` writes into the next flush.
    func write(lineBytes: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let context else { return }
        unsafe unsent.writeWithUnsafeMutableBytes(minimumWritableBytes: lineBytes + 1) { place in
            unsafe body(place)
            unsafe place[lineBytes] = UInt8(ascii: "\n")
            return lineBytes + 1
        }
        needsFlush = true
        if unsent.readableBytes >= Self.unsentBytesMax { handOn(context) }
    }

    private func handOn(_ context: ChannelHandlerContext) {
        guard unsent.readableBytes > 0 else { return }
        registry.metrics.bytesSent.increment(by: unsent.readableBytes)
        context.write(wrapOutboundOut(unsent), promise: nil)
        // An idle connection keeps no buffer.
        unsent = ByteBuffer()
    }

    func flushIfNeeded() {
        guard needsFlush, let context else { return }
        needsFlush = false
        lastActivity = context.eventLoop.now
        handOn(context)
        context.flush()
    }

    private func resumeSenders(isOpen: Bool) {
        let senders = waitingSenders
        waitingSenders = []
        for sender in senders { sender.resume(returning: isOpen) }
    }

    // MARK: Ending

    /// Ends the connection once everything that was accepted is answered.
    func end(lastLine: [UInt8]?) {
        guard case nil = ending else { return }
        ending = .afterAnswers(lastLine: lastLine)
        endIfAnswered()
    }

    func endIfAnswered() {
        guard case .afterAnswers(let lastLine) = ending, accepted.isEmpty, waiting.isEmpty, let context else { return }
        ending = .lingering
        if let lastLine { write(line: lastLine) }
        flushIfNeeded()
        if isInputClosed { return context.close(promise: nil) }
        // Closing at once with bytes unread would make the kernel reset the connection, and the client might never see
        // the last answers. So only this side is closed, and the other is read to its end.
        context.close(mode: .output, promise: nil)
        releaseRead()
        let lingerMax = TimeAmount.seconds(2)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: lingerMax) { handler.value.context?.close(promise: nil) }
    }

    /// The node stops: what has arrived is answered, then the connection ends.
    ///
    /// Reading is given up after a second, because a request may wait for something that takes minutes.
    func drain() {
        isInputClosed = true
        pump()
        flushIfNeeded()
        guard let context else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(1)) { handler.value.giveUpReading() }
    }

    private func giveUpReading() {
        for request in accepted.values { request.reading?.cancel() }
    }

    /// The session's token was revoked or has expired.
    func revoke() { context?.close(promise: nil) }

    // MARK: Deadlines

    /// The connection has a session now, and other patience is had with it.
    func noteSession() {
        guard let context, let session, session.token != nil else { return }
        registry.noteSession(of: number, session)
        scheduleDeadline(context)
    }

    private func scheduleDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(deadline: lastActivity + patience) { handler.value.checkDeadline() }
    }

    /// How long nothing may happen before the connection is closed.
    private var patience: TimeAmount {
        .nanoseconds(
            Int64(
                clamping: session?.token == nil
                    ? dispatcher.limits.authentication.nanoseconds : dispatcher.limits.idle.nanoseconds))
    }

    private func checkDeadline() {
        guard let context else { return }
        let isBusy = !accepted.isEmpty || !waiting.isEmpty || session?.hasSubscriptions == true
        if isBusy {
            // Requests at work are what the connection is for; the time counts from their answers.
            lastActivity = context.eventLoop.now
        } else if lastActivity + patience <= context.eventLoop.now {
            registry.logger.debug("connection closed for silence", metadata: ["session": "\(session?.token != nil)"])
            return context.close(promise: nil)
        }
        scheduleDeadline(context)
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (microseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : microseconds
    }
}
