public import struct Foundation.UUID

/// Everything a workflow may do that has an effect, takes time, or differs from one execution to the next.
///
/// Each call is recorded under its name and position. After a crash the workflow runs again from its beginning (or its
/// last snapshot), and calls that were recorded return at once what they returned then.
///
/// A context belongs to its run: use it in the workflow function and in child tasks of it (`async let`, task groups),
/// not in `Task.detached` and not after the function has returned.
public struct WorkflowContext: Sendable {
    private let driver: any RunDriver
    private let isShielded: Bool

    package init(driver: any RunDriver, isShielded: Bool = false) {
        self.driver = driver
        self.isShielded = isShielded
    }

    public var runID: RunID { driver.runID }

    // MARK: Steps

    /// Carries out `body` once, retries it by `options`, and records what it returns.
    ///
    /// An ``StepKind/external`` step (the default) is carried out at least once: the process may die between the effect
    /// and its record. Throws the step's ``Failure`` when no attempt is left or none can help, ``RunCancelled`` when the
    /// run is cancelled.
    @discardableResult
    public func step<Result: Codable & Sendable>(
        _ name: String, options: StepOptions = StepOptions(),
        _ body: @escaping @Sendable (StepContext) async throws -> Result
    ) async throws -> Result {
        let resolution = await perform(
            .step(options) { step in try StepOutput(encoding: try await body(step)) }, name)
        return try required(resolution)
    }

    /// A step that returns nothing.
    public func step(
        _ name: String, options: StepOptions = StepOptions(),
        _ body: @escaping @Sendable (StepContext) async throws -> Void
    ) async throws {
        _ = try await step(name, options: options) { step -> Nothing in
            try await body(step)
            return Nothing()
        }
    }

    /// A step that only computes: ``StepKind/local``.
    @discardableResult
    public func local<Result: Codable & Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await step(name, options: StepOptions(kind: .local)) { _ in try await body() }
    }

    /// A step that only reads, and may be repeated freely: ``StepKind/read``.
    @discardableResult
    public func read<Result: Codable & Sendable>(
        _ name: String, retry: RetryPolicy = .standard, _ body: @escaping @Sendable (StepContext) async throws -> Result
    ) async throws -> Result {
        try await step(name, options: StepOptions(kind: .read, retry: retry), body)
    }

    /// Runs `body` in a database transaction that also records its result: it takes effect exactly once.
    @discardableResult
    public func transaction<Result: Codable & Sendable>(
        _ name: String, retry: RetryPolicy = .standard,
        _ body: @escaping @Sendable (any Transaction, StepContext) async throws -> Result
    ) async throws -> Result {
        let resolution = await perform(
            .transaction(StepOptions(retry: retry)) { transaction, step in
                try StepOutput(encoding: try await body(transaction, step))
            }, name)
        return try required(resolution)
    }

    /// A transaction that returns nothing.
    public func transaction(
        _ name: String, retry: RetryPolicy = .standard,
        _ body: @escaping @Sendable (any Transaction, StepContext) async throws -> Void
    ) async throws {
        _ = try await transaction(name, retry: retry) { transaction, step -> Nothing in
            try await body(transaction, step)
            return Nothing()
        }
    }

    // MARK: Undoing

    /// Registers how to undo the step called `step`, to be carried out when the run fails or is cancelled.
    ///
    /// Compensations run in the reverse order of their registration, each retried and recorded like a step. Register
    /// right after the step succeeded.
    public func compensate(
        _ step: String, retry: RetryPolicy = .standard,
        _ body: @escaping @Sendable (StepContext) async throws -> Void
    ) async {
        _ = await perform(
            .compensation(
                StepOptions(retry: retry),
                body: .step { context in
                    try await body(context)
                    return try StepOutput(encoding: Nothing())
                }), step)
    }

    /// Like ``compensate(_:retry:_:)``, in a database transaction: it takes effect exactly once.
    public func compensateInTransaction(
        _ step: String, retry: RetryPolicy = .standard,
        _ body: @escaping @Sendable (any Transaction, StepContext) async throws -> Void
    ) async {
        _ = await perform(
            .compensation(
                StepOptions(retry: retry),
                body: .transaction { transaction, context in
                    try await body(transaction, context)
                    return try StepOutput(encoding: Nothing())
                }), step)
    }

    /// Runs `body` to its end even though the run was cancelled; for cleaning up in a `catch`.
    public func cleanup<Result>(_ body: (WorkflowContext) async throws -> Result) async rethrows -> Result {
        try await body(WorkflowContext(driver: driver, isShielded: true))
    }

    // MARK: Waiting

    /// Waits for `duration`; a waiting run costs nothing, and a restart does not prolong the wait.
    public func sleep(for duration: Duration) async throws {
        try discard(await perform(.timer(.after(duration)), "sleep"))
    }

    /// Waits until `time`; returns at once when it has passed.
    public func sleep(until time: Timestamp) async throws {
        try discard(await perform(.timer(.at(time)), "sleep"))
    }

    /// The next signal called `name`; signals that came before the wait are kept, in the order of their arrival.
    public func signal<Payload: Codable & Sendable>(_ name: String, as type: Payload.Type) async throws -> Payload {
        try required(await perform(.signal(timeout: nil), name))
    }

    /// The next signal called `name`, or nil when none came within `timeout`.
    public func signal<Payload: Codable & Sendable>(
        _ name: String, as type: Payload.Type, timeout: Duration
    ) async throws -> Payload? {
        try await perform(.signal(timeout: timeout), name).value(as: type)
    }

    // MARK: Other runs

    /// Runs another workflow and returns its output. Throws its ``Failure`` when it failed or was cancelled.
    ///
    /// - Parameters:
    ///   - key: The child's business key. When another open run has it, ``Failure`` `child.conflict` is thrown.
    ///   - closePolicy: What becomes of the child when this run ends first.
    @discardableResult
    public func child<Child: Workflow>(
        _ workflow: Child.Type, _ input: Child.Input, key: String? = nil, closePolicy: ClosePolicy = .cancel
    ) async throws -> Child.Output {
        let request = Operation.ChildRequest(
            workflow: Child.name, input: try JSONCoding.encodeBytes(input), key: key, closePolicy: closePolicy,
            awaitsResult: true)
        return try required(await perform(.child(request), Child.name))
    }

    /// Starts another workflow and goes on without waiting for it. Returns the run's id.
    @discardableResult
    public func start<Child: Workflow>(
        _ workflow: Child.Type, _ input: Child.Input, key: String? = nil
    ) async throws -> RunID {
        let request = Operation.ChildRequest(
            workflow: Child.name, input: try JSONCoding.encodeBytes(input), key: key, closePolicy: .abandon,
            awaitsResult: false)
        let text: String = try required(await perform(.child(request), Child.name))
        guard let id = RunID(text) else {
            throw Failure.permanent("journal.invalid", "the journal holds no run id for a started workflow")
        }
        return id
    }

    /// Tells subscribers of `type` what happened. The event is durable together with the run's progress, and is told
    /// exactly once however often the workflow is replayed.
    ///
    /// - Parameter audiences: Who sees it; admins see all events.
    public func emit(_ type: String, to audiences: [Event.Audience] = [], _ data: JSON) async throws {
        try discard(await perform(.event(audiences: audiences.map(\.text), payload: data.bytes), type))
    }

    // MARK: What would differ from one execution to the next

    /// The time of what the workflow saw last, by the database's clock. The same on every replay.
    public var now: Timestamp { driver.now }

    /// A new identifier; the same on every replay.
    public func uuid() -> UUID { RunID(at: now, random: (driver.nextRandom(), driver.nextRandom())).uuid }

    /// A random number in `range`; the same on every replay.
    public func random(in range: ClosedRange<Int>) -> Int {
        var generator = DriverRandom(driver: driver)
        return Int.random(in: range, using: &generator)
    }

    // MARK: Long lives and changing code

    /// Records `state` and lets every later replay begin here, so a run may live for years.
    ///
    /// Call it between operations, with no child task under way; compensations that were registered stay registered only
    /// if the workflow registers them again from the state.
    public func snapshot<State: Codable & Sendable>(_ state: State) async throws {
        try discard(await perform(.snapshot(state: try JSONCoding.encodeBytes(state)), "snapshot"))
    }

    /// The newest snapshot, when replay began there; nil when it began at the beginning.
    public func restored<State: Codable & Sendable>(as type: State.Type) throws -> State? {
        guard let state = driver.restoredState else { return nil }
        return try JSONCoding.decode(type, from: state)
    }

    /// Whether to take the code path named `change`: true for runs that meet this line first with the new code, false
    /// for runs that passed it with the old one.
    public func isChanged(_ change: String) -> Bool { driver.isChanged(change) }

    // MARK: -

    private func perform(_ kind: Operation.Kind, _ name: String) async -> Resolution {
        await driver.perform(Operation(kind: kind, name: name, isShielded: isShielded))
    }

    private func required<Value: Codable & Sendable>(_ resolution: Resolution) throws -> Value {
        guard let value = try resolution.value(as: Value.self) else {
            throw Failure.permanent("journal.invalid", "the journal holds no value where one is needed")
        }
        return value
    }

    private func discard(_ resolution: Resolution) throws {
        switch resolution {
        case .failed(let failure): throw failure
        case .cancelled(let error): throw error
        case .evicted: throw RunEvicted()
        case .output, .recorded, .none: break
        }
    }
}

private struct DriverRandom: RandomNumberGenerator {
    let driver: any RunDriver
    mutating func next() -> UInt64 { driver.nextRandom() }
}
