package import Postgres
package import WorkflowCore
package import WorkflowEngine
package import WorkflowKit

/// Schedules in the table `holdfast.schedule`.
package struct PostgresSchedules: ScheduleStore {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package func startNext(
        _ scope: ScheduleScope, at now: Timestamp,
        _ body: @escaping @Sendable (Schedule, any Transaction) async throws -> ScheduleProgress
    ) async throws -> Bool {
        do {
            return try await pool.transaction { transaction in
                let rows = try await transaction.query(
                    JournalStatements.statement(
                        EmbeddedSQL.dueSchedule, "DueSchedule", .timestamp(now), .textArray(scope.workflows),
                        .textArray(scope.excluded)))
                guard let row = rows.first else { return false }
                let schedule = try ScheduleRow.schedule(row)
                do {
                    try await advance(schedule, try await body(schedule, transaction), in: transaction)
                } catch let error as SQLError where error.isLasting {
                    throw ScheduleFailure(name: schedule.name, error.description)
                }
                return true
            }
        } catch let error as SQLError {
            throw StoreError(error)
        }
    }

    package func outlook(_ scope: ScheduleScope) async throws(StoreError) -> ScheduleOutlook {
        do throws(SQLError) {
            let (workflows, excluded) = (SQLValue.textArray(scope.workflows), SQLValue.textArray(scope.excluded))
            let next = try await pool.query(
                JournalStatements.statement(EmbeddedSQL.nextSchedule, "NextSchedule", workflows, excluded))
            let waiting = try await pool.query(
                JournalStatements.statement(EmbeddedSQL.waitingSchedules, "WaitingSchedules", workflows, excluded))
            var awaited: [RunID] = []
            for row in waiting {
                if let run = try row.uuidOrNull("run_id") { awaited.append(RunID(run)) }
            }
            return ScheduleOutlook(
                nextAt: try next.first?.timestampOrNull("next_at"), awaited: awaited,
                isWaitOver: awaited.count < waiting.count)
        } catch {
            throw StoreError(error)
        }
    }

    package func put(_ schedule: Schedule, in transaction: any Transaction) async throws -> Timestamp {
        let (cron, zone, period) = ScheduleRow.columns(schedule.cadence)
        let rows = try await transaction.query(
            JournalStatements.statement(
                EmbeddedSQL.putSchedule, "PutSchedule", .text(schedule.name), .text(schedule.workflow),
                .text(String(decoding: schedule.input, as: UTF8.self)), .text(orNull: cron), .text(orNull: zone),
                .int8(orNull: period), .text(schedule.missed.rawValue), .text(schedule.overlap.rawValue),
                .timestamp(schedule.nextAt), .timestamp(schedule.createdAt)))
        return try rows[0].timestamp("next_at")
    }

    package func schedule(locking name: String, in transaction: any Transaction) async throws -> Schedule? {
        try await transaction.query(
            JournalStatements.statement(EmbeddedSQL.lockSchedule, "LockSchedule", .text(name))
        ).first.map(ScheduleRow.schedule)
    }

    package func advance(
        _ schedule: Schedule, _ progress: ScheduleProgress, in transaction: any Transaction
    ) async throws {
        let moved = try await transaction.execute(
            JournalStatements.statement(
                EmbeddedSQL.advanceSchedule, "AdvanceSchedule", .text(schedule.name), .timestamp(schedule.nextAt),
                .timestamp(progress.nextAt), .timestamp(orNull: progress.lastFiredAt),
                .timestamp(orNull: progress.waitingSince)))
        // The row is locked, so nobody else can have moved it.
        guard moved == 1 else {
            throw SQLError(kind: .defect, message: "a locked schedule was moved on by somebody else")
        }
    }

    package func remove(_ name: String, in transaction: any Transaction) async throws -> Bool {
        try await transaction.execute(
            JournalStatements.statement(EmbeddedSQL.removeSchedule, "RemoveSchedule", .text(name))) > 0
    }

    package func list(after: String?, limit: Int, in transaction: any Transaction) async throws -> [Schedule] {
        try await transaction.query(
            JournalStatements.statement(
                EmbeddedSQL.listSchedules, "ListSchedules", .text(after ?? ""), .int4(Int32(clamping: limit)))
        ).map(ScheduleRow.schedule)
    }
}

extension SQLError {
    /// Whether the same would fail again at once.
    fileprivate var isLasting: Bool {
        switch kind {
        case .rejected, .notPermitted, .defect: true
        case .conflict, .unavailable, .cancelled, .outcomeUnknown: false
        }
    }
}
