internal import DequeModule
internal import Metrics
internal import NIOCore
internal import WorkflowKit

/// Where the answer to a request goes.
enum AnswerSlot {
    case line(RequestID)
    /// A notification gets none.
    case nowhere
    case batch(OpenBatch, RequestID?)
}

/// A batch whose members are not all answered.
final class OpenBatch {
    var answer: BatchAnswer
    /// Its requests, which all are answered when it is.
    var requestIDs: [String] = []

    init(count: Int) { answer = BatchAnswer(openRequests: count) }
}

/// A member of a batch that waits for its turn.
struct WaitingRequest {
    let envelope: Envelope
    let batch: OpenBatch
    /// The line that it stands in.
    let line: ByteBuffer
}

extension ConnectionHandler {
    /// Takes up requests until there are none or no more may be at work.
    func pump() {
        // Answering at once can make the channel unwritable and writable again, which calls this again.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        let moment = dispatcher.moment()
        while mayStart {
            if let next = waiting.popFirst() {
                let bytes = next.line
                take(next.envelope, slot: { .batch(next.batch, $0) }, line: bytes.readableBytesUInt8Span, moment)
            } else if !takeNextLine(moment) {
                break
            }
        }
        endIfAnswered()
        discardConsumed()
        releaseRead()
    }

    /// False when no whole line has arrived.
    private func takeNextLine(_ moment: RPCDispatcher.Moment) -> Bool {
        var next = framer.next(in: buffer.readableBytesUInt8Span)
        if next == .incomplete, isInputClosed {
            next = framer.last(in: buffer.readableBytesUInt8Span)
            // The next round finds nothing and ends the connection.
            if next == .incomplete { end(lastLine: nil) }
        }
        switch next {
        case .incomplete:
            return false
        case .tooLong:
            let error = AnswerWriter.lineTooLong(lineBytesMax: dispatcher.limits.lineBytes)
            end(lastLine: AnswerWriter.failure(.null, error, requestID: newRequestID()))
            return false
        case .line(let range):
            takeLine(range, moment)
            return true
        }
    }

    private func takeLine(_ range: Range<Int>, _ moment: RPCDispatcher.Moment) {
        // The handler's buffer is let go of for as long as its bytes are looked at, so that nothing copies it.
        let bytes = buffer
        let line = bytes.readableBytesUInt8Span.extracting(range)
        let limits = dispatcher.limits
        switch EnvelopeScanner.scan(line, nestingMax: limits.nesting, batchMembersMax: limits.batch) {
        case .single(let envelope):
            take(envelope, slot: { $0.map(AnswerSlot.line) ?? .nowhere }, line: line, moment)
        case .batch(let envelopes):
            takeBatch(envelopes, line: bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count))
        case .refused(let error):
            write(line: AnswerWriter.failure(.null, error, requestID: newRequestID()))
        case .notJSON(let error):
            write(line: AnswerWriter.failure(.null, AnswerWriter.notJSON(error), requestID: newRequestID()))
        }
    }

    private func takeBatch(_ envelopes: [Envelope], line: ByteBuffer?) {
        guard let line else { preconditionFailure("a line that was scanned is not in the buffer") }
        let batch = OpenBatch(count: envelopes.count)
        for envelope in envelopes {
            waiting.append(WaitingRequest(envelope: envelope, batch: batch, line: line))
        }
    }

    /// Takes up one message.
    private func take(
        _ envelope: Envelope, slot: (RequestID?) -> AnswerSlot, line: Span<UInt8>, _ moment: RPCDispatcher.Moment
    ) {
        switch envelope {
        case .response:
            registry.metrics.ignoredResponses.increment()
            if case .batch(let batch, _) = slot(nil) { finish(batch, answer: nil, substitute: nil) }
        case .invalid(let id, let reason):
            answer(
                slot(id), RPCDispatcher.Outcome(answer: .failure(AnswerWriter.invalidRequest(reason))),
                requestID: newRequestID())
        case .request(let request):
            guard let session else { return }
            let requestID = newRequestID()
            switch dispatcher.dispatch(request, line: line, session: session, requestID: requestID, at: moment) {
            case .outcome(let outcome): answer(slot(request.id), outcome, requestID: requestID)
            case .work(let work): accept(work, slot: slot(request.id), requestID: requestID)
            }
        }
    }

    private func accept(_ work: RPCDispatcher.Work, slot: AnswerSlot, requestID: String) {
        let number = nextNumber
        nextNumber += 1
        accepted[number] = Accepted(slot: slot, isBarrier: work.isBarrier, requestID: requestID)
        if work.isBarrier { isBarred = true }
        if order.mayStart(number, work) { start(work, number) }
    }

    private func start(_ work: RPCDispatcher.Work, _ number: Int) {
        guard let finished else { return }
        let task = Task { finished.add(number, await work.run()) }
        if work.isRead { accepted[number]?.reading = task }
    }

    /// Requests came back from their tasks.
    func finish(_ outcomes: [(number: Int, outcome: RPCDispatcher.Outcome)]) {
        for (number, outcome) in outcomes {
            guard let request = accepted.removeValue(forKey: number) else { continue }
            if request.isBarrier {
                isBarred = false
                noteSession()
            }
            for next in order.finished(number) { start(next.work, next.number) }
            answer(request.slot, outcome, requestID: request.requestID)
        }
        pump()
        flushIfNeeded()
    }

    private func answer(_ slot: AnswerSlot, _ outcome: RPCDispatcher.Outcome, requestID: String) {
        switch slot {
        case .nowhere: session?.answered(requestID)
        case .line(let id):
            write(outcome, to: id, requestID)
            session?.answered(requestID)
        case .batch(let batch, let id):
            let text = id.map { self.text($0, outcome, requestID) }
            batch.requestIDs.append(requestID)
            finish(batch, answer: text?.bytes, substitute: text?.substitute)
        }
        if outcome.closesConnection { end(lastLine: nil) }
    }

    private func finish(_ batch: OpenBatch, answer: [UInt8]?, substitute: [UInt8]?) {
        batch.answer.finish(answer, substitute: substitute)
        guard batch.answer.openRequests == 0, let session else { return }
        if let line = batch.answer.line(lineBytesMax: session.answerLineBytes) { write(line: line) }
        for requestID in batch.requestIDs { session.answered(requestID) }
    }

    /// Writes an answer that is a line of its own.
    private func write(_ outcome: RPCDispatcher.Outcome, to id: RequestID, _ requestID: String) {
        // Usual answers need no copy of their own: they are far from every limit.
        if case .success(let result) = outcome.answer, result.count <= Self.substituteBytes {
            let bytes = AnswerWriter.successBytes(id, result: result)
            return unsafe write(lineBytes: bytes) { place in
                var offset = 0
                AnswerWriter.success(id, result: result) { piece in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: place[offset...]).copyBytes(from: piece)
                    offset += piece.count
                }
            }
        }
        write(line: text(id, outcome, requestID).bytes)
    }

    /// The text of an answer, and of the error that takes its place if a batch gets too long.
    private func text(
        _ id: RequestID, _ outcome: RPCDispatcher.Outcome, _ requestID: String
    ) -> (bytes: [UInt8], substitute: [UInt8]?) {
        switch outcome.answer {
        case .failure(let error): return (AnswerWriter.failure(id, error, requestID: requestID), nil)
        case .success(let result):
            let bytes = AnswerWriter.success(id, result: result)
            // An answer of usual size gets its substitute only in a batch that is too long; most never need one.
            guard !outcome.isExemptFromLineLimit, bytes.count > Self.substituteBytes else { return (bytes, nil) }
            let max = session?.answerLineBytes ?? .max
            let substitute = AnswerWriter.failure(
                id, AnswerWriter.resultTooLarge(bytes.count, lineBytesMax: max), requestID: requestID)
            return bytes.count > max ? (substitute, nil) : (bytes, substitute)
        }
    }

    /// An error in place of an answer of this size saves nothing.
    private static let substituteBytes = 512

    /// A name for the next request: of this run of the server, this connection, and its place in it.
    func newRequestID() -> String {
        requestCount += 1
        return requestIDPrefix + String(requestCount)
    }

    /// Throws away what has been read of the buffer.
    private func discardConsumed() {
        if case .lingering = ending {
            // Nothing of it will be read any more.
            buffer = ByteBuffer()
            return
        }
        guard framer.consumed > 0 else { return }
        buffer.moveReaderIndex(forwardBy: framer.consumed)
        framer.rebase()
        if buffer.readableBytes == 0 {
            // An idle connection keeps no buffer.
            buffer = ByteBuffer()
        } else if buffer.readerIndex > buffer.readableBytes {
            // No byte is moved more than once on average, however few requests may be taken up at a time.
            buffer.discardReadBytes()
        }
    }
}
