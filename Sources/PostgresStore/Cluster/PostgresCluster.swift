package import Logging
package import Postgres
import Synchronization
package import WorkflowCore
package import WorkflowEngine
import WorkflowKit

/// The nodes of one database, on three connections: one that holds this process's session lock and renews its lease,
/// one that waits for the session lock of a neighbour, one that listens for hints.
///
/// Nodes watch each other in a ring: each waits for the lock of the next one. When that process dies the server frees
/// its lock, and the watcher knows within milliseconds, without anybody asking again and again.
package final class PostgresCluster: Cluster {
    /// The first key of the advisory locks that live processes hold; the second is their incarnation.
    private static let sessionLockClass: Int32 = 1_213_154_886
    private static let hintChannel = "holdfast_hint"

    private let configuration: PostgresConfiguration
    private let sessionName: String
    private let lease: Duration
    private let logger: Logger
    private let control: PostgresPool
    private let state = Mutex(State())
    private struct State {
        /// Which incarnation's session lock is held, and by which server process.
        var held: (incarnation: Int64, processID: Int32)?
        /// Who else is alive, by the last renewal.
        var others: [Int64] = []
        /// Told when somebody came or went.
        var othersChanged: AsyncStream<Void>.Continuation?
        var lastHint = ContinuousClock.now - .seconds(1)
        var isHintScheduled = false
        /// Where the node hears what concerns it.
        var notices: AsyncStream<ClusterNotice>.Continuation?
    }

    /// - Parameters:
    ///   - configuration: Its `application_name` must be `sessionName`, as that of all connections of this process.
    ///   - lease: How long others wait for a renewal before they take over.
    package init(configuration: PostgresConfiguration, sessionName: String, lease: Duration, logger: Logger) {
        self.configuration = configuration
        self.sessionName = sessionName
        self.lease = lease
        self.logger = logger
        control = PostgresPool(configuration: configuration, size: 1, logger: logger)
    }

    // MARK: Membership

    package func join(node: String, build: String) async throws(StoreError) -> Int64 {
        try await onControl { [self] connection in
            let rows = try await connection.query(
                JournalStatements.statement(
                    EmbeddedSQL.join, "Join", .text(node), .text(build), .text(sessionName), .int8(lease.milliseconds)))
            let incarnation = Int64(try rows[0].int("incarnation_id"))
            try await hold(incarnation, connection)
            _ = try await connection.query(
                JournalStatements.statement(EmbeddedSQL.makePartitions, "MakePartitions"))
            return incarnation
        }
    }

    package func renew(_ incarnation: Int64) async throws(StoreError) -> ClusterView {
        let view: ClusterView = try await onControl { [self] connection in
            let holds = state.withLock { state in
                state.held?.incarnation == incarnation && state.held?.processID == connection.processID
            }
            if !holds { try await hold(incarnation, connection) }
            let rows = try await connection.query(
                JournalStatements.statement(EmbeddedSQL.renew, "Renew", .int8(incarnation), .int8(lease.milliseconds)))
            return try Self.view(try rows[0].bytes("view"))
        }
        let others = view.members.map(\.incarnation).filter { $0 != incarnation }.sorted()
        state.withLock { state in
            if state.others != others { state.othersChanged?.yield() }
            state.others = others
        }
        return view
    }

    /// Takes the session lock. Somebody who saw it free may hold it for a moment.
    private func hold(_ incarnation: Int64, _ connection: PostgresConnection) async throws {
        _ = try await connection.query(
            JournalStatements.statement(
                EmbeddedSQL.holdSession, "HoldSession", .int4(Self.sessionLockClass), .int4(Int32(incarnation))))
        state.withLock { $0.held = (incarnation, connection.processID) }
        // Without the lock others take this process for dead; within their grace it can be had back.
        let ending = connection.ending()
        Task { [weak self] in
            do { for try await _ in ending {} } catch {}
            _ = self?.state.withLock { $0.notices }?.yield(.hint)
        }
    }

    private static func view(_ bytes: [UInt8]) throws -> ClusterView {
        let json = try JSON(parsing: bytes)
        let members = (json["members"]?.arrayValue ?? []).map { member in
            ClusterView.Member(
                incarnation: Int64(member["id"]?.intValue ?? 0), node: member["node"]?.stringValue ?? "",
                isDraining: member["state"]?.stringValue == "draining",
                isExpired: member["expired"]?.boolValue ?? false)
        }
        let holdings = (json["holdings"]?.arrayValue ?? []).map { holding in
            SlotPlan.Holding(
                range: SlotRange(
                    first: Int32(holding["first"]?.intValue ?? 0), last: Int32(holding["last"]?.intValue ?? 0)),
                owner: holding["owner"]?.intValue.map(Int64.init))
        }
        return ClusterView(
            now: Timestamp(microsecondsSince1970: Int64(json["now"]?.intValue ?? 0)), members: members,
            holdings: holdings, hasMessages: json["messages"]?.boolValue ?? false)
    }

    package func takeOver(_ dead: Int64, by incarnation: Int64) async throws(StoreError) -> [SlotRange] {
        try await onControl { connection in
            try await connection.query(
                JournalStatements.statement(EmbeddedSQL.takeOver, "TakeOver", .int8(dead), .int8(incarnation))
            ).map { row in
                SlotRange(first: Int32(try row.int("first_slot")), last: Int32(try row.int("last_slot")))
            }
        }
    }

    package func handOver(_ range: SlotRange, from giver: Int64?, to heir: Int64) async throws(StoreError) -> Bool {
        try await onControl { connection in
            try await connection.query(
                JournalStatements.statement(
                    EmbeddedSQL.handOver, "HandOver", .int4(range.first), .int4(range.last), .int8(orNull: giver),
                    .int8(heir))
            )[0].bool("handed")
        }
    }

    package func leave(_ incarnation: Int64) async throws(StoreError) {
        _ = try await onControl { connection in
            try await connection.query(JournalStatements.statement(EmbeddedSQL.leave, "Leave", .int8(incarnation)))
        }
        state.withLock { $0.held = nil }
    }

    /// Runs `body` on the control connection, one caller at a time; opens it again when it was lost.
    private func onControl<Result: Sendable>(
        _ body: @Sendable (PostgresConnection) async throws -> Result
    ) async throws(StoreError) -> Result {
        do {
            return try await control.withConnection { try await body($0) }
        } catch let error as StoreError {
            throw error
        } catch let error as SQLError {
            throw StoreError(error)
        } catch {
            throw StoreError(.unavailable, "the cluster's state could not be read")
        }
    }

    // MARK: Hints

    /// The shortest time between two hints; more of them add nothing, and each costs the server a global lock.
    private static let hintEvery: Duration = .milliseconds(10)

    package func hint() async {
        let wait: Duration? = state.withLock { state in
            guard !state.others.isEmpty, !state.isHintScheduled else { return nil }
            state.isHintScheduled = true
            return max(.zero, state.lastHint + Self.hintEvery - .now)
        }
        guard let wait else { return }
        if wait > .zero { try? await Task.sleep(for: wait) }
        state.withLock { state in
            state.isHintScheduled = false
            state.lastHint = .now
        }
        _ = try? await onControl { connection in
            try await connection.query(
                JournalStatements.statement(EmbeddedSQL.hint, "Hint", .text(Self.hintChannel)))
        }
    }

    // MARK: Notices

    package func notices(for incarnation: Int64) -> AsyncStream<ClusterNotice> {
        let (stream, continuation) = AsyncStream<ClusterNotice>.makeStream()
        let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.othersChanged = changed
            state.notices = continuation
        }
        let watching = Task { await watchNeighbour(of: incarnation, changes, continuation) }
        let listening = Task { await listen(continuation) }
        continuation.onTermination = { _ in
            watching.cancel()
            listening.cancel()
        }
        return stream
    }

    private func listen(_ notices: AsyncStream<ClusterNotice>.Continuation) async {
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(configuration, logger: logger)
                let hints = try await connection.notifications(channels: [Self.hintChannel])
                notices.yield(.hint)
                for try await hint in hints where hint.processID != state.withLock({ $0.held?.processID }) {
                    notices.yield(.hint)
                }
                await connection.close()
            } catch {
                logger.debug("stopped listening for hints", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    /// How long one wait for a lock lasts: a statement that waits holds back the clean-up of old rows, so it is made
    /// anew from time to time.
    private static let watchFor: Duration = .seconds(10)
    /// How long a process whose lock came free has to take it again: only its connection may have been lost.
    private static let grace: Duration = .milliseconds(300)

    private func watchNeighbour(
        of incarnation: Int64, _ changes: AsyncStream<Void>, _ notices: AsyncStream<ClusterNotice>.Continuation
    ) async {
        var connection: PostgresConnection?
        while !Task.isCancelled {
            guard let neighbour = neighbour(of: incarnation) else {
                for await _ in changes { break }
                continue
            }
            do {
                if connection?.isOpen != true {
                    connection = try await PostgresConnection.connect(configuration, logger: logger)
                }
                guard let connection else { continue }
                guard try await waitForLock(of: neighbour, on: connection) else { continue }
                try await Task.sleep(for: Self.grace)
                if try await isLockFree(of: neighbour, on: connection) { notices.yield(.died(neighbour)) }
                // Until the renewal tells who is left, the dead one must not be reported over and over.
                state.withLock { $0.others.removeAll { $0 == neighbour } }
            } catch {
                logger.debug("could not watch a neighbour", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        await connection?.close()
    }

    /// The next incarnation in the ring; nil when this node is alone.
    private func neighbour(of incarnation: Int64) -> Int64? {
        state.withLock { state in state.others.first { $0 > incarnation } ?? state.others.first }
    }

    /// True once the neighbour's lock is free; false when it is still held after a while.
    private func waitForLock(of neighbour: Int64, on connection: PostgresConnection) async throws -> Bool {
        do {
            _ = try await connection.transaction { transaction in
                _ = try await transaction.query(
                    JournalStatements.statement(
                        EmbeddedSQL.watchFor, "WatchFor", .text("\(Self.watchFor.milliseconds)ms")))
                _ = try await transaction.query(
                    JournalStatements.statement(
                        EmbeddedSQL.awaitDeath, "AwaitDeath", .int4(Self.sessionLockClass), .int4(Int32(neighbour))))
            }
            return true
        } catch let error as SQLError where error.kind == .conflict {
            return false
        }
    }

    private func isLockFree(of neighbour: Int64, on connection: PostgresConnection) async throws -> Bool {
        try await connection.query(
            JournalStatements.statement(
                EmbeddedSQL.tryDeath, "TryDeath", .int4(Self.sessionLockClass), .int4(Int32(neighbour)))
        )[0].bool("is_free")
    }
}
