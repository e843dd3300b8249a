import Postgres
import PostgresStore
import Testing
import WorkflowEngine
import WorkflowKit

@Suite struct IdempotencyStoreTests {
    let key = IdempotencyKey(principal: "partner:P-1", method: "m", key: "k")
    struct Abandoned: Error {}

    @Test func `an answer is there once the transaction that claimed its key is committed`() async throws {
        try await StoreFixture.with { store in
            let partner = Principal(kind: .partner, id: "P-1", name: "", partnerID: "P-1")
            try await store.tenancy.transaction(as: partner, readOnly: false) {
                [idempotency = store.idempotency, key] transaction in
                let isNew = try await idempotency.claim(key, fingerprint: [1], in: transaction)
                #expect(isNew)
                #expect(try await idempotency.record(for: key) == nil)
                try await idempotency.complete(key, answer: [2], in: transaction)
            }
            #expect(try await store.idempotency.record(for: key) == IdempotencyRecord(fingerprint: [1], answer: [2]))
            try await store.tenancy.transaction(as: partner, readOnly: false) {
                [idempotency = store.idempotency, key] transaction in
                let isNew = try await idempotency.claim(key, fingerprint: [1], in: transaction)
                #expect(!isNew)
            }
        }
    }

    @Test func `a transaction that fails leaves its key free`() async throws {
        try await StoreFixture.with { store in
            await #expect(throws: Abandoned.self) {
                try await store.tenancy.transaction(as: nil, readOnly: false) {
                    [idempotency = store.idempotency, key] transaction in
                    _ = try await idempotency.claim(key, fingerprint: [1], in: transaction)
                    throw Abandoned()
                }
            }
            try await store.tenancy.transaction(as: nil, readOnly: false) {
                [idempotency = store.idempotency, key] transaction in
                let isNew = try await idempotency.claim(key, fingerprint: [1], in: transaction)
                #expect(isNew)
            }
        }
    }

    @Test func `of an answer made durable otherwise the first stays`() async throws {
        try await StoreFixture.with { store in
            for answer: UInt8 in [1, 2] {
                try await store.idempotency.keep(IdempotencyRecord(fingerprint: [0], answer: [answer]), for: key)
            }
            #expect(try await store.idempotency.record(for: key)?.answer == [1])
        }
    }

    @Test func `after seven days a key is free again, and forgotten`() async throws {
        try await StoreFixture.with { store in
            try await store.idempotency.keep(IdempotencyRecord(fingerprint: [0], answer: [1]), for: key)
            store.clock.advance(by: .seconds(7 * 86_400))
            #expect(try await store.idempotency.record(for: key) != nil)
            store.clock.advance(by: .microseconds(1))
            #expect(try await store.idempotency.record(for: key) == nil)
            try await store.idempotency.keep(IdempotencyRecord(fingerprint: [0], answer: [2]), for: key)
            #expect(try await store.idempotency.record(for: key)?.answer == [2])
            store.clock.advance(by: .seconds(8 * 86_400))
            let maintenance = PostgresMaintenance(pool: store.pool)
            #expect(try await maintenance.forgetAnswers(before: store.clock.now - Retention.keepAnswers) == 1)
            let left = try await store.pool.query(SQLStatement("select 1 from holdfast.idempotency_key"))
            #expect(left.isEmpty)
        }
    }
}
