import Postgres
import PostgresStore
import RPCServer
import Testing
import WorkflowKit

@Suite struct PrincipalsTests {
    let partner = Principal(
        kind: .partner, id: "P-1", name: "Partner One", scopes: ["a", "b"], partnerID: "P-1")

    func hash(_ number: UInt8) -> TokenHash { TokenHash(bytes: Array(repeating: number, count: 32)) }

    @Test func `a token is found by its hash until it expires`() async throws {
        try await StoreFixture.with { store in
            let expiresAt = store.clock.now + .seconds(60)
            try await store.principals.create(id: "t1", principal: partner, hash: hash(1), expiresAt: expiresAt)
            let found = try await store.principals.token(hash: hash(1), at: store.clock.now)
            #expect(found == AuthenticatedToken(tokenID: "t1", principal: partner, expiresAt: expiresAt))
            #expect(try await store.principals.token(hash: hash(2), at: store.clock.now) == nil)
            #expect(try await store.principals.token(hash: hash(1), at: expiresAt) == nil)
        }
    }

    @Test func `a revoked token is refused at once and told to every node`() async throws {
        try await StoreFixture.with { store in
            let before = store.clock.now
            try await store.principals.create(
                id: "t1", principal: partner, hash: hash(1), expiresAt: before + .seconds(60))
            store.clock.advance(by: .seconds(1))
            #expect(try await store.principals.revoke(id: "t1"))
            #expect(try await store.principals.revoke(id: "t2") == false)
            #expect(try await store.principals.token(hash: hash(1), at: store.clock.now) == nil)
            #expect(try await store.principals.tokensRevoked(since: before) == ["t1"])
            store.clock.advance(by: .seconds(1))
            #expect(try await store.principals.tokensRevoked(since: store.clock.now) == [])
        }
    }

    @Test func `rotation makes a new token of the same life and ends the old one after the overlap`() async throws {
        try await StoreFixture.with { store in
            let start = store.clock.now
            try await store.principals.create(
                id: "t1", principal: partner, hash: hash(1), expiresAt: start + .seconds(1_000))
            store.clock.advance(by: .seconds(100))
            let rotation = try await store.principals.rotate(
                id: "t1", newID: "t2", newHash: hash(2), overlap: .seconds(60))
            #expect(rotation == .rotated(partner, expiresAt: start + .seconds(1_100)))
            let principals = store.principals
            #expect(
                try await principals.token(hash: hash(1), at: start + .seconds(159))?.expiresAt == start + .seconds(160)
            )
            #expect(try await principals.token(hash: hash(1), at: start + .seconds(160)) == nil)
            #expect(try await principals.token(hash: hash(2), at: start + .seconds(1_099))?.tokenID == "t2")
            #expect(
                try await principals.rotate(id: "t1", newID: "t3", newHash: hash(3), overlap: .zero) == .notGood)
            #expect(try await principals.list().map(\.replacedBy) == ["t2", nil])
        }
    }

    @Test func `a partner's token without a partner is refused`() async throws {
        try await StoreFixture.with { store in
            let error = await #expect(throws: SQLError.self) {
                try await store.principals.create(
                    id: "t", principal: Principal(kind: .partner, id: "P", name: ""), hash: hash(1),
                    expiresAt: store.clock.now + .seconds(1))
            }
            #expect(error?.constraint == "principal_token_partner_is_bound")
        }
    }
}
