import Postgres
import WorkflowKit

/// The right to migrate this database, held by a session of its own.
///
/// It is a session-level advisory lock. It is asked for again and again instead of waited for: a session that waits
/// inside `pg_advisory_lock` keeps a snapshot, for which another's `create index concurrently` waits in turn. The session
/// that holds it is not the one that works, so it can look at who is in the way, and outlives a broken worker. The worker
/// takes a second one, because a server process goes on building an index for a while after its client was killed: the
/// next migrator must wait for that one too.
struct MigrationLock: Sendable {
    enum Role: Int32, Sendable {
        case migrator = 1
        case worker = 2
    }

    /// The first half of the keys: "hold" in ASCII. Nobody else in the database may use it.
    private static let keySpace: Int32 = 0x686F_6C64

    let session: PostgresConnection
    private let role: Role

    /// Takes the lock on `session`, however long it takes, or gives up after `limit`.
    ///
    /// `onWait` is called about once a second with who holds it.
    static func take(
        _ role: Role, on session: PostgresConnection, limit: Duration?,
        onWait: (MigrationBlocker?, Duration) -> Void
    ) async throws -> MigrationLock {
        try await refusePooler(session)
        let clock = ContinuousClock()
        let start = clock.now
        var told: Duration = .seconds(-1)
        while true {
            let rows = try await session.query(
                SQLStatement(
                    "select pg_try_advisory_lock($1, $2) as taken", name: "TakeMigrationLock", .int4(keySpace),
                    .int4(role.rawValue)))
            if try rows.first?.bool("taken") == true { return MigrationLock(session: session, role: role) }
            let waited = clock.now - start
            if waited - told >= .seconds(1) {
                told = waited
                onWait(try await holder(role, seenBy: session), waited)
            }
            if let limit, waited >= limit {
                let holder = try await holder(role, seenBy: session)
                let who = holder.map { "\($0)" } ?? "a session that has just ended"
                throw MigrationError(.busy, "another migration is under way, held by \(who)")
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 60...140)))
        }
    }

    /// Throws if the session has lost the lock: whoever migrates without it may meet another who has it.
    func confirm() async throws {
        let rows = try await session.query(
            SQLStatement(
                """
                select exists (
                    select from pg_locks
                    where locktype = 'advisory' and classid = $1::int4::oid and objid = $2::int4::oid and objsubid = 2
                      and database = (select oid from pg_database where datname = current_database())
                      and granted and pid = pg_backend_pid()
                ) as held
                """, name: "ConfirmMigrationLock", .int4(Self.keySpace), .int4(role.rawValue)))
        guard try rows.first?.bool("held") == true else {
            throw MigrationError(.unavailable, "the migration lock was lost; nothing more is done without it")
        }
    }

    /// Who holds the lock now.
    static func holder(_ role: Role, seenBy session: PostgresConnection) async throws(SQLError) -> MigrationBlocker? {
        let rows = try await session.query(
            SQLStatement(
                """
                select a.pid, coalesce(a.application_name, '') as application,
                       coalesce(a.client_hostname, host(a.client_addr), 'local socket') as client,
                       coalesce(to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as since,
                       case when a.state = 'active'
                            then left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80) else '' end as query
                from pg_locks l
                join pg_stat_activity a using (pid)
                where l.locktype = 'advisory' and l.classid = $1::int4::oid and l.objid = $2::int4::oid
                  and l.objsubid = 2 and l.granted
                  and l.database = (select oid from pg_database where datname = current_database())
                """, name: "FindMigrationLockHolder", .int4(keySpace), .int4(role.rawValue)))
        guard let row = rows.first else { return nil }
        return try MigrationBlocker(row)
    }

    /// The sessions that `processID` waits for.
    static func blockers(
        of processID: Int32, seenBy session: PostgresConnection
    ) async throws(SQLError) -> [MigrationBlocker] {
        let rows = try await session.query(
            SQLStatement(
                """
                select a.pid, coalesce(a.application_name, '') as application,
                       coalesce(a.client_hostname, host(a.client_addr), 'local socket') as client,
                       coalesce(to_char(coalesce(a.xact_start, a.backend_start) at time zone 'UTC',
                                        'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as since,
                       left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 80) as query
                from unnest(pg_blocking_pids($1)) as blocker (pid)
                join pg_stat_activity a using (pid)
                order by a.xact_start nulls last, a.pid
                """, name: "FindMigrationBlockers", .int4(processID)))
        var blockers: [MigrationBlocker] = []
        for row in rows { blockers.append(try MigrationBlocker(row)) }
        return blockers
    }

    /// A pooler that hands each transaction to another server process would lose the lock without anybody noticing.
    private static func refusePooler(_ session: PostgresConnection) async throws {
        for _ in 0..<3 {
            let pid = try await session.queryOnce("select pg_backend_pid() as pid").first?.int("pid")
            guard pid == Int(session.processID) else {
                throw MigrationError(
                    .refused,
                    "this connection goes through a pooler, which cannot hold a lock: give the URL of PostgreSQL itself"
                )
            }
        }
    }
}

extension MigrationBlocker {
    fileprivate init(_ row: SQLRow) throws(SQLError) {
        self.init(
            processID: try row.int("pid"), application: try row.text("application"), client: try row.text("client"),
            since: try row.text("since"), query: try row.text("query"))
    }
}
