import Postgres
import PostgresStore
import Synchronization
import TestSupport
import WorkflowKit

/// A pool on a new database, and a clock that stands where it is put.
struct StoreFixture: Sendable {
    final class Clock: Sendable {
        private let time = Mutex(Timestamp(microsecondsSince1970: 1_772_366_400_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    let configuration: PostgresConfiguration
    let pool: PostgresPool
    let clock = Clock()

    static func with(_ body: (StoreFixture) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let configuration = try database.configuration
            let pool = PostgresPool(configuration: configuration, size: 4, logger: TestCluster.logger)
            do {
                try await body(StoreFixture(configuration: configuration, pool: pool))
                await pool.close()
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    var principals: PostgresPrincipals { PostgresPrincipals(pool: pool, clock: { [clock] in clock.now }) }
    var idempotency: PostgresIdempotency { PostgresIdempotency(pool: pool, clock: { [clock] in clock.now }) }
    var tenancy: PostgresTenancy { PostgresTenancy(pool: pool) }
    var audit: PostgresAudit { PostgresAudit(pool: pool) }
}
