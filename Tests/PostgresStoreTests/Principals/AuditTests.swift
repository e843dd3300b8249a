import Postgres
import PostgresStore
import Testing
import WorkflowKit

@Suite struct AuditTests {
    let noon = Timestamp(microsecondsSince1970: 1_772_366_400_000_001)

    func fill(_ store: StoreFixture) async throws {
        for number in 1...5 {
            for principal in ["partner:P-1", "admin:a"] {
                let entry = AuditEntry(
                    at: noon + .seconds(number), principal: principal, method: "m", entity: "e:\(number)é",
                    requestID: "r\(number)")
                try await store.tenancy.transaction(as: nil, readOnly: false) { [audit = store.audit] transaction in
                    try await audit.append(entry, in: transaction)
                }
            }
        }
    }

    @Test func `a log that nobody touched is whole`() async throws {
        try await StoreFixture.with { store in
            try await fill(store)
            let verdict = try await store.audit.verify()
            #expect(verdict.entries == 10)
            #expect(verdict.chains == 2)
            #expect(verdict.firstDefect == nil)
        }
    }

    @Test(arguments: [
        (
            "update holdfast.audit_log set entity = 'x' where chain = 'admin:a' and sequence = 3",
            "entry 3 of chain \"admin:a\" is not what was written"
        ),
        (
            "delete from holdfast.audit_log where chain = 'admin:a' and sequence = 3",
            "entry 3 of chain \"admin:a\" is missing"
        ),
        (
            "delete from holdfast.audit_log where chain = 'admin:a' and sequence > 3",
            "entry 4 of chain \"admin:a\" is missing"
        ),
        ("delete from holdfast.audit_log where chain = 'partner:P-1'", "entry 1 of chain \"partner:P-1\" is missing"),
        (
            "update holdfast.audit_log set at = at + interval '1 microsecond' where sequence = 5 and chain = 'admin:a'",
            "entry 5 of chain \"admin:a\" is not what was written"
        ),
        (
            "insert into holdfast.audit_log select chain, 6, at, method, entity, request_id, hash from holdfast.audit_log where sequence = 5",
            "entry 6 of chain \"admin:a\" is not what was written"
        ),
        (
            "update holdfast.audit_log as l set hash = o.hash from holdfast.audit_log as o where l.sequence = 2 and o.sequence = 3 and l.chain = o.chain",
            "entry 2 of chain \"admin:a\" is not what was written"
        ),
    ])
    func `whatever is changed by hand is found and named`(tampering: String, defect: String) async throws {
        try await StoreFixture.with { store in
            try await fill(store)
            try await store.pool.withConnection { connection in
                try await connection.simple("alter table holdfast.audit_log disable trigger all; \(tampering)")
            }
            #expect(try await store.audit.verify().firstDefect == defect)
        }
    }

    @Test(arguments: [
        "update holdfast.audit_log set entity = 'x'", "delete from holdfast.audit_log", "truncate holdfast.audit_log",
    ])
    func `the log is only ever added to`(change: String) async throws {
        try await StoreFixture.with { store in
            try await fill(store)
            await #expect(throws: SQLError.self) {
                try await store.pool.withConnection { connection in try await connection.simple(change) }
            }
        }
    }
}
