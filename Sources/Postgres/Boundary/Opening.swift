import CLibPQ
import Glibc
import Logging
import WorkflowKit

extension Link {
    /// Opens a connection to the first host that takes it.
    ///
    /// A cancelled task returns at once; the attempt then ends by itself. Resolving names blocks in libpq, so all of
    /// it runs on a thread of its own.
    static func open(_ configuration: PostgresConfiguration, logger: Logger) async throws(SQLError) -> Link {
        let answer = FirstAnswer()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard answer.isAwaited(by: continuation) else {
                    continuation.resume()
                    return
                }
                onOwnThread("postgres-connect") {
                    answer.give(connect(configuration, logger: logger))
                }
            }
        } onCancel: {
            answer.give(.failure(SQLError(kind: .cancelled, message: "connecting to the database was cancelled")))
        }
        return try answer.value.get()
    }

    /// The first of two answers, whether it comes before or after the task waits for it. A connection that comes
    /// second is closed with its last reference.
    private final class FirstAnswer: Sendable {
        private struct State {
            var answer: Result<Link, SQLError>?
            var waiting: CheckedContinuation<Void, Never>?
        }

        private let state = Locked(State())

        /// False when the answer is there already, and `continuation` is not kept.
        func isAwaited(by continuation: CheckedContinuation<Void, Never>) -> Bool {
            state.withLock { state in
                guard state.answer == nil else { return false }
                state.waiting = continuation
                return true
            }
        }

        func give(_ answer: Result<Link, SQLError>) {
            let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard state.answer == nil else { return nil }
                state.answer = answer
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }

        /// The answer, which must have been given.
        var value: Result<Link, SQLError> {
            state.withLock { state in
                guard let answer = state.answer else { preconditionFailure("resumed before there was an answer") }
                return answer
            }
        }
    }

    /// Tries one host after the other; blocks.
    ///
    /// libpq can take the whole list, but its own time-out for each host works in blocking mode only: one host that
    /// swallows packets would use up the time of all.
    private static func connect(_ configuration: PostgresConfiguration, logger: Logger) -> Result<Link, SQLError> {
        var passes = [configuration.effectiveParameters]
        if passes[0]["target_session_attrs"] == "prefer-standby" {
            passes.append(passes[0])
            passes[0]["target_session_attrs"] = "standby"
            passes[1]["target_session_attrs"] = "any"
        }
        let hosts = configuration.hosts
        var failures: [ConnectFailure] = []
        for parameters in passes {
            for host in hosts {
                var parameters = parameters
                if hosts.count > 1 {
                    parameters["host"] = host.name
                    parameters["hostaddr"] = host.address
                    parameters["port"] = host.port
                }
                switch attempt(parameters, timeout: configuration.connectTimeout, logger: logger) {
                case .success(let link): return .success(link)
                case .failure(let failure): failures.append(failure)
                }
            }
        }
        return .failure(SQLError(failures, database: configuration.redactedDescription))
    }

    private static func attempt(
        _ parameters: [String: String], timeout: Duration, logger: Logger
    ) -> Result<Link, ConnectFailure> {
        guard let connection = unsafe start(parameters) else { return .failure(ConnectFailure(text: "out of memory")) }
        // The SQLSTATE of a refusal is only in the verbose text; there is no result that would carry it.
        unsafe _ = PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        let deadline = ContinuousClock.now + timeout
        var isDone = unsafe PQstatus(connection) == CONNECTION_BAD
        var events = Int16(POLLOUT)
        while !isDone {
            let left = ContinuousClock.now.duration(to: deadline)
            let milliseconds = Int32(clamping: left.milliseconds)
            var descriptor = unsafe pollfd(fd: PQsocket(connection), events: events, revents: 0)
            let ready = milliseconds <= 0 ? 0 : unsafe poll(&descriptor, 1, milliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                unsafe PQfinish(connection)
                return .failure(ConnectFailure(text: "no answer within \(timeout.milliseconds) ms"))
            }
            switch unsafe PQconnectPoll(connection) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: isDone = true
            }
        }
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            let text = unsafe String(cString: PQerrorMessage(connection))
            unsafe PQfinish(connection)
            return .failure(ConnectFailure(text: text))
        }
        return unsafe .success(Link(connection, logger: logger))
    }

    private static func start(_ parameters: [String: String]) -> OpaquePointer? {
        // One buffer for all strings, and pointers into it that end with the closure.
        var bytes: [CChar] = []
        var starts: [(keyword: Int, value: Int)] = []
        for (keyword, value) in parameters {
            let keywordAt = bytes.count
            bytes.append(contentsOf: keyword.utf8CString)
            starts.append((keywordAt, bytes.count))
            bytes.append(contentsOf: value.utf8CString)
        }
        bytes.append(0)
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress!
            var keywords: [UnsafePointer<CChar>?] = unsafe starts.map { unsafe base + $0.keyword }
            var values: [UnsafePointer<CChar>?] = unsafe starts.map { unsafe base + $0.value }
            unsafe keywords.append(nil)
            unsafe values.append(nil)
            return unsafe PQconnectStartParams(keywords, values, 0)
        }
    }
}
