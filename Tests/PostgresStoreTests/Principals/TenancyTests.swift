import Postgres
import PostgresStore
import Testing
import WorkflowKit

/// A table with rows of two partners behind row-level security, asked without any `where`.
@Suite struct TenancyTests {
    let first = Principal(kind: .partner, id: "P-1", name: "", partnerID: "P-1")
    let second = Principal(kind: .partner, id: "P-2", name: "", partnerID: "P-2")

    func with(_ body: (StoreFixture) async throws -> Void) async throws {
        try await StoreFixture.with { store in
            try await store.pool.withConnection { connection in
                try await connection.simple(
                    """
                    create table holdfast.thing (partner_id text not null, name text not null);
                    grant select, insert, update, delete on holdfast.thing to holdfast_tenant;
                    alter table holdfast.thing enable row level security;
                    alter table holdfast.thing force row level security;
                    create policy thing_of_partner on holdfast.thing to holdfast_tenant
                        using (partner_id = holdfast.tenant_partner());
                    create view holdfast.things with (security_invoker = true) as select * from holdfast.thing;
                    grant select on holdfast.things to holdfast_tenant;
                    insert into holdfast.thing values ('P-1', 'one'), ('P-2', 'two');
                    """)
            }
            try await body(store)
        }
    }

    func names(_ store: StoreFixture, as principal: Principal?) async throws -> [String] {
        try await store.tenancy.transaction(as: principal, readOnly: true) { transaction in
            try await transaction.query(SQLStatement("select name from holdfast.things order by name"))
                .map { row in try row.text("name") }
        }
    }

    @Test func `a tenant sees its own rows, the operator all`() async throws {
        try await with { store in
            let seen1 = try await names(store, as: first)
            #expect(seen1 == ["one"])
            let seen2 = try await names(store, as: second)
            #expect(seen2 == ["two"])
            let seen3 = try await names(store, as: Principal(kind: .device, id: "S", name: "", serial: "S"))
            #expect(seen3 == [])
            let seen4 = try await names(store, as: Principal(kind: .admin, id: "a", name: ""))
            #expect(seen4 == ["one", "two"])
        }
    }

    @Test func `nothing of a tenant stays with its connection`() async throws {
        try await with { store in
            // One connection, as the pool hands out the one that was used last.
            for _ in 0..<3 {
                let seen5 = try await names(store, as: first)
                #expect(seen5 == ["one"])
                let seen6 = try await names(store, as: Principal(kind: .reporter, id: "R", name: ""))
                #expect(seen6 == [])
                let seen7 = try await names(store, as: nil)
                #expect(seen7 == ["one", "two"])
            }
        }
    }

    @Test func `a tenant changes and removes only its own rows, and adds none for another`() async throws {
        try await with { store in
            let changed = try await store.tenancy.transaction(as: first, readOnly: false) { transaction in
                try await transaction.execute(SQLStatement("update holdfast.thing set name = 'mine'"))
            }
            #expect(changed == 1)
            let error = await #expect(throws: SQLError.self) {
                try await store.tenancy.transaction(as: first, readOnly: false) { transaction in
                    try await transaction.execute(SQLStatement("insert into holdfast.thing values ('P-2', 'x')"))
                }
            }
            #expect(error?.kind == .notPermitted)
            let seen8 = try await names(store, as: second)
            #expect(seen8 == ["two"])
        }
    }

    @Test func `a tenant reaches no token, no audit entry and nobody else's answers`() async throws {
        try await with { store in
            try await store.idempotency.keep(
                IdempotencyRecord(fingerprint: [0], answer: [1]),
                for: IdempotencyKey(principal: "partner:P-2", method: "m", key: "k"))
            for text: StaticString in [
                "select 1 from holdfast.principal_token", "select 1 from holdfast.audit_log",
                "delete from holdfast.idempotency_key", "truncate holdfast.thing", "create table holdfast.x ()",
            ] {
                let error = await #expect(throws: SQLError.self) {
                    try await store.tenancy.transaction(as: first, readOnly: false) { transaction in
                        try await transaction.execute(SQLStatement(text))
                    }
                }
                #expect(error?.kind == .notPermitted, "\(text)")
            }
            let seen = try await store.tenancy.transaction(as: first, readOnly: true) { transaction in
                try await transaction.query(SQLStatement("select key from holdfast.idempotency_key")).count
            }
            #expect(seen == 0)
        }
    }

    @Test func `a tenant's change, its audit entry and its answer are one transaction`() async throws {
        try await with { store in
            let key = IdempotencyKey(principal: first.qualifiedID, method: "m", key: "k")
            try await store.tenancy.transaction(as: first, readOnly: false) { [store] transaction in
                let isNew = try await store.idempotency.claim(key, fingerprint: [0], in: transaction)
                #expect(isNew)
                try await transaction.execute(SQLStatement("update holdfast.thing set name = 'mine'"))
                try await store.idempotency.complete(key, answer: [1], in: transaction)
                try await store.audit.append(
                    AuditEntry(
                        at: store.clock.now, principal: key.principal, method: "m", entity: "thing:1", requestID: "r"),
                    in: transaction)
            }
            #expect(try await store.audit.verify().entries == 1)
            #expect(try await store.idempotency.record(for: key)?.answer == [1])
            let seen9 = try await names(store, as: first)
            #expect(seen9 == ["mine"])
        }
    }

    @Test func `a read-only transaction writes nothing`() async throws {
        try await with { store in
            await #expect(throws: SQLError.self) {
                try await store.tenancy.transaction(as: first, readOnly: true) { transaction in
                    try await transaction.execute(SQLStatement("update holdfast.thing set name = 'mine'"))
                }
            }
        }
    }
}
