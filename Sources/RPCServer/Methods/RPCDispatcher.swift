package import Logging
package import WorkflowKit

/// Takes a request from its envelope to its answer: authenticate, authorise, decode, count, do, answer.
package final class RPCDispatcher: Sendable {
    /// What became of a request.
    struct Outcome: Sendable {
        enum Answer: Sendable {
            /// The text of the result.
            case success([UInt8])
            case failure(RPCError)
        }

        let answer: Answer
        /// Whether the answer stays whatever its size, because an error in its place would not be true or help.
        var isExemptFromLineLimit = false
        var closesConnection = false
    }

    /// A request that takes time.
    struct Work: Sendable {
        /// Requests of one connection that may touch the same entity run one after the other, but for those that read.
        let ordering: RPCOrdering
        let isRead: Bool
        /// Whether later requests of the connection are read only when this one is done.
        let isBarrier: Bool
        let run: @Sendable () async -> Outcome
    }

    enum Dispatched: Sendable {
        case outcome(Outcome)
        case work(Work)
    }

    /// When bytes were read that requests stand in.
    struct Moment: Sendable {
        let now: Timestamp
        let started: ContinuousClock.Instant
    }

    /// Everything about one request but its parameters.
    private final class Call: Sendable {
        let entry: MethodTable.Entry
        let principal: Principal?
        let session: RPCSession
        let requestID: String
        let moment: Moment
        /// Most bytes of a result, as the session has them when the request is read.
        let resultBytesMax: Int
        let span: RequestSpan

        init(
            _ entry: MethodTable.Entry, _ principal: Principal?, _ session: RPCSession, requestID: String,
            _ moment: Moment, resultBytesMax: Int, _ span: RequestSpan
        ) {
            self.entry = entry
            self.principal = principal
            self.session = session
            self.requestID = requestID
            self.moment = moment
            self.resultBytesMax = resultBytesMax
            self.span = span
        }

        var method: AnyRPCMethod { entry.method }
        var now: Timestamp { moment.now }
    }

    package let table: MethodTable
    package let services: RPCServices
    package let limits: WireLimits
    /// Nil for a server without events. The listener keeps it running.
    let feed: EventFeed?
    private let limiter: RateLimiter
    private let unknownMethods = MethodMetrics("none")
    private let spans: RequestSpans
    private let logger: Logger
    /// So that two requests of one idempotency key that come at once are not both done.
    private let keyLocks = KeyedLocks<IdempotencyKey>()

    /// - Parameter methods: Of the engine and the plugins; the server's own are added.
    package init(
        methods: [AnyRPCMethod], services: RPCServices, identity: ServerIdentity, limits: WireLimits = WireLimits(),
        spans: RequestSpans = RequestSpans(), logger: Logger
    ) {
        let feed = services.events.map { EventFeed(store: $0, logger: logger) }
        self.feed = feed
        var own =
            methods + [
                AnyRPCMethod(SystemPing()), AnyRPCMethod(SystemInfo(identity: identity, limits: limits)),
                AnyRPCMethod(SessionOpen(principals: services.principals, limits: limits)),
                AnyRPCMethod(SessionWhoami()),
            ]
        if let events = services.events, let feed {
            own += [
                AnyRPCMethod(EventSubscribe(store: events, feed: feed, services: services)),
                AnyRPCMethod(EventAck(store: events)),
                AnyRPCMethod(EventUnsubscribe(store: events)), AnyRPCMethod(EventSubscriptions(store: events)),
            ]
        }
        table = MethodTable(own + [AnyRPCMethod(RPCDiscover(others: own, version: identity.version))])
        self.services = services
        self.limits = limits
        self.logger = logger
        limiter = RateLimiter(services.rates)
        self.spans = spans
    }

    func moment() -> Moment { Moment(now: services.clock(), started: .now) }

    /// Decides about one request; never waits.
    ///
    /// - Parameter line: The line that `request` was found in.
    /// - Parameter moment: When it was read; requests that were read together share one.
    func dispatch(
        _ request: Envelope.Request, line: Span<UInt8>, session: RPCSession, requestID: String, at moment: Moment
    ) -> Dispatched {
        let now = moment.now
        let terms = session.terms
        let principal = terms.token.flatMap { $0.expiresAt > now ? $0.principal : nil }
        let span = spans.begin(table[request.method]?.name, requestID: requestID)
        do throws(RPCError) {
            let entry = try table.authorised(request.method, for: principal)
            let call = Call(
                entry, principal, session, requestID: requestID, moment,
                resultBytesMax: terms.answerLineBytes - Self.envelopeBytes, span)
            do throws(RPCError) {
                if let principal, let wait = limiter.admit(principal, at: now) {
                    throw .rateLimited(retryAfter: wait)
                }
                if case .none = request.params, let prepared = entry.method.preparedWithoutParams {
                    return dispatch(prepared, [:], call)
                }
                let params = try Self.params(request.params, line, nesting: limits.nesting)
                return dispatch(try entry.method.prepare(params), params, call)
            } catch {
                return .outcome(finish(.failure(error), call))
            }
        } catch {
            let metrics = table.entry(request.method)?.metrics ?? unknownMethods
            metrics.count(error.code, moment.started.duration(to: .now))
            log(method: request.method, requestID, principal, error)
            span.end(error)
            return .outcome(Outcome(answer: .failure(error)))
        }
    }

    private static func params(
        _ params: Envelope.Params, _ line: Span<UInt8>, nesting: Int
    ) throws(RPCError) -> JSON {
        switch params {
        case .none: return [:]
        case .positional: throw .invalidParam("", "has parameters by position; they are given by name, in an object")
        case .named(let range):
            let limits = JSONLimits(depth: nesting, numberBytes: JSONLimits.default.numberBytes)
            do {
                return try JSON(parsing: line.extracting(range), limits: limits)
            } catch {
                preconditionFailure("a line that was found to be JSON has a part that is not: \(error)")
            }
        }
    }

    private func dispatch(_ prepared: AnyRPCMethod.Prepared, _ params: JSON, _ call: Call) -> Dispatched {
        if let answerNow = prepared.answerNow {
            let answer: Outcome.Answer
            do {
                let context = context(call, NoTransactions(), key: nil)
                answer = .success(try call.span.within { try answerNow(context) })
            } catch {
                answer = .failure(told(error, call))
            }
            return .outcome(finish(answer, call))
        }
        let work = Work(
            ordering: prepared.ordering, isRead: call.method.effect == .reads,
            isBarrier: call.method.name == SessionOpen.name
        ) {
            let answer = await call.span.within { await self.perform(prepared, params, call) }
            return self.finish(answer, call)
        }
        return .work(work)
    }

    private func perform(
        _ prepared: AnyRPCMethod.Prepared, _ params: JSON, _ call: Call
    ) async -> Outcome.Answer {
        guard let key = prepared.idempotencyKey, let store = services.idempotency else {
            return await perform(prepared, call, claim: nil)
        }
        let fingerprint = IdempotencyRecord.fingerprint(params)
        // Callers without a session share no scope: each set of parameters is one of its own, so that knowing a key
        // does not give anybody the answer to parameters that he does not know.
        let scope =
            call.principal?.qualifiedID ?? "anonymous:"
            + fingerprint.map { String($0, radix: 16) }.joined(separator: ".")
        let claim = RequestTransactions.Claim(
            key: IdempotencyKey(principal: scope, method: call.method.name, key: key), fingerprint: fingerprint)
        await keyLocks.acquire(claim.key)
        let answer: Outcome.Answer
        do {
            if let record = try await store.record(for: claim.key) {
                answer = try Self.replay(record, claim)
            } else {
                answer = await perform(prepared, call, claim: claim)
            }
        } catch {
            answer = .failure(told(error, call))
        }
        await keyLocks.release(claim.key)
        return answer
    }

    private func perform(
        _ prepared: AnyRPCMethod.Prepared, _ call: Call, claim: RequestTransactions.Claim?
    ) async -> Outcome.Answer {
        let transactions = transactions(call, claim: claim)
        do {
            let result = try await prepared.call(context(call, transactions, key: prepared.idempotencyKey)).bytes
            if let claim, !transactions.hasKeptAnswer { await keep(result, claim, call) }
            return .success(result)
        } catch is RequestTransactions.AlreadyDone {
            return await replayAfterAll(claim, call)
        } catch {
            return .failure(told(error, call))
        }
    }

    /// The change is durable, so a failure to keep its answer does not fail the request.
    private func keep(_ result: [UInt8], _ claim: RequestTransactions.Claim, _ call: Call) async {
        let record = IdempotencyRecord(fingerprint: claim.fingerprint, answer: result)
        do {
            try await services.idempotency?.keep(record, for: claim.key)
        } catch {
            logger.error(
                "could not keep an answer for its idempotency key",
                metadata: ["requestId": "\(call.requestID)", "method": "\(call.method.name)", "error": "\(error)"])
        }
    }

    private func replayAfterAll(_ claim: RequestTransactions.Claim?, _ call: Call) async -> Outcome.Answer {
        do {
            guard let claim, let record = try await services.idempotency?.record(for: claim.key) else {
                return .failure(told(RPCError.unavailable("The request of the same key is not finished."), call))
            }
            return try Self.replay(record, claim)
        } catch {
            return .failure(told(error, call))
        }
    }

    private static func replay(
        _ record: IdempotencyRecord, _ claim: RequestTransactions.Claim
    ) throws -> Outcome.Answer {
        guard record.fingerprint == claim.fingerprint else {
            throw RPCError(
                .conflict, type: "idempotency.mismatch",
                "The idempotency key was used before with other parameters; nothing was done.")
        }
        guard case .object(var result) = try JSON(parsing: record.answer) else { throw RPCError.internalError }
        result["replayed"] = true
        return .success(JSON.object(result).bytes)
    }

    private func transactions(_ call: Call, claim: RequestTransactions.Claim?) -> RequestTransactions {
        RequestTransactions(
            caller: call.principal, method: call.method.name, requestID: call.requestID, now: call.now, claim: claim,
            services: services)
    }

    private func context(_ call: Call, _ transactions: any RPCTransactions, key: String?) -> RPCContext {
        RPCContext(
            caller: call.principal, requestID: call.requestID, idempotencyKey: key, now: call.now,
            resultBytesMax: call.resultBytesMax, transactions: transactions, connection: call.session)
    }

    /// What surrounds a result: the envelope, and an id of usual length.
    private static let envelopeBytes = 256

    /// What the caller is told about `error`; a defect is logged, because the caller learns nothing of it.
    private func told(_ error: any Error, _ call: Call) -> RPCError {
        switch error {
        case let error as RPCError where error.code == .deadlineExceeded && Task.isCancelled:
            // The time was not over: the server stops, and gave the waiting up.
            return .unavailable("The server stops; nothing was applied.")
        case let error as RPCError: return error
        case is CancellationError: return .unavailable("The server stops; nothing was applied.")
        case let error as SQLError:
            if let told = RPCError(error) { return told }
        default: break
        }
        logger.error(
            "request failed",
            metadata: ["requestId": "\(call.requestID)", "method": "\(call.method.name)", "error": "\(error)"])
        return .internalError
    }

    private func finish(_ answer: Outcome.Answer, _ call: Call) -> Outcome {
        let duration = call.moment.started.duration(to: .now)
        var failure: RPCError?
        if case .failure(let error) = answer { failure = error }
        call.entry.metrics.count(failure?.code, duration)
        log(method: call.method.name, call.requestID, call.principal, failure, duration)
        call.span.end(failure)
        let name = call.method.name
        return Outcome(
            answer: answer,
            isExemptFromLineLimit: name == RPCDiscover.name || call.method.effect == .changes,
            closesConnection: name == SessionOpen.name && failure?.type == "auth.failed")
    }

    private func log(
        method: String, _ requestID: String, _ principal: Principal?, _ error: RPCError?, _ duration: Duration? = nil
    ) {
        logger.debug(
            "request",
            metadata: [
                "requestId": "\(requestID)", "method": "\(method.prefix(128))",
                "principal": "\(principal?.qualifiedID ?? "none")", "outcome": "\(error?.type ?? "ok")",
                "microseconds": "\(duration?.microseconds ?? 0)",
            ])
    }
}
