import Postgres
import PostgresStore
import TestSupport
import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

@Suite struct EventStoreTests {
    let all = EventFilter(audiences: nil, types: ["*"])

    func emit(_ store: StoreFixture, _ type: String, to audiences: [Event.Audience] = []) async throws {
        let event = Event(type, to: audiences, at: store.clock.now, data: ["type": .string(type)])
        try await store.pool.transaction { transaction in try await transaction.emit(event) }
    }

    func events(_ store: StoreFixture) -> PostgresEvents {
        PostgresEvents(pool: store.pool, clock: { [clock = store.clock] in clock.now })
    }

    @Test func `events get their places in the order in which they were told`() async throws {
        try await StoreFixture.with { store in
            for type in ["a.x", "b.x", "a.y"] { try await emit(store, type) }
            let last = try await events(store).place()
            #expect(last == 3)
            let found = try await events(store).allEvents(after: 0, limit: 10)
            #expect(found.map(\.type) == ["a.x", "b.x", "a.y"])
            #expect(found.map(\.position) == [1, 2, 3])
            let first = try await events(store).allEvents(after: 1, limit: 1)
            #expect(first.map(\.type) == ["b.x"])
        }
    }

    @Test func `runs that ended in one commit are told of one by one`() async throws {
        try await StoreFixture.with { store in
            _ = try await PostgresMaintenance(pool: store.pool).makePartitions(from: store.clock.now.utcDay, count: 1)
            try await emit(store, "a.x")
            let runs = (0..<3).map { RunID(at: store.clock.now + .milliseconds($0), random: (0, 7)) }
            var batch = Batch()
            batch.closed = runs.map { run in
                Batch.Closed(
                    row: RunRow(id: run, workflow: "w", version: 1, state: .active), outcome: .completed([]),
                    at: store.clock.now, wasOpen: false)
            }
            try await store.pool.transaction { [batch] transaction in
                _ = try await PostgresInlineStore().apply(batch, in: transaction)
            }
            try await emit(store, "b.x")
            #expect(try await events(store).place() == 5)
            let found = try await events(store).allEvents(after: 0, limit: 10)
            #expect(found.map(\.position) == [1, 2, 3, 4, 5])
            #expect(found.map(\.type) == ["a.x", "run.ended", "run.ended", "run.ended", "b.x"])
            #expect(
                try found[1...3].map { try JSON(parsing: $0.data)["runId"]?.stringValue } == runs.map(\.description))
            // A reader may stop and go on in the middle of what was told as one.
            #expect(try await events(store).allEvents(after: 2, limit: 1).map(\.position) == [3])
            #expect(try await events(store).allEvents(after: 3, limit: 10).map(\.position) == [4, 5])
        }
    }

    @Test func `old events are forgotten, and places are never given out twice`() async throws {
        try await StoreFixture.with { store in
            for type in ["a.x", "a.y", "a.z"] { try await emit(store, type) }
            _ = try await events(store).place()
            let maintenance = PostgresMaintenance(pool: store.pool)
            #expect(try await maintenance.forgetEvents(before: store.clock.now - .seconds(1)) == 0)
            #expect(try await maintenance.forgetEvents(before: store.clock.now + .seconds(1)) == 2)
            #expect(try await events(store).allEvents(after: 0, limit: 10).map(\.type) == ["a.z"])
            try await emit(store, "a.w")
            #expect(try await events(store).place() == 4)
        }
    }

    @Test func `an event that commits after a later one is not lost`() async throws {
        try await StoreFixture.with { store in
            let slow = try await PostgresConnection.connect(store.configuration, logger: TestCluster.logger)
            let early = Event("early.told", to: [], at: store.clock.now, data: [:])
            try await slow.transaction { transaction in
                try await transaction.emit(early)
                try await emit(store, "late.told")
                let seen = try await events(store).place()
                #expect(seen == 1)
            }
            await slow.close()
            let last = try await events(store).place()
            #expect(last == 2)
            let after = try await events(store).allEvents(after: 1, limit: 10)
            #expect(after.map(\.type) == ["early.told"])
        }
    }

    @Test func `an event of a transaction that fails is never told`() async throws {
        struct Abandoned: Error {}
        try await StoreFixture.with { store in
            let event = Event("a.b", to: [], at: store.clock.now, data: [:])
            await #expect(throws: Abandoned.self) {
                try await store.pool.transaction { transaction in
                    try await transaction.emit(event)
                    throw Abandoned()
                }
            }
            let last = try await events(store).place()
            #expect(last == 0)
        }
    }

    @Test func `a filter asks for audiences and types as subscriptions do`() async throws {
        try await StoreFixture.with { store in
            try await emit(store, "repair.routed", to: [.partner("P-1"), .device("S")])
            try await emit(store, "repairs.routed", to: [.partner("P-1")])
            try await emit(store, "repair.changed", to: [.partner("P-2")])
            try await emit(store, "support.changed", to: [.support])
            _ = try await events(store).place()
            for filter in [
                EventFilter(audiences: ["partner:P-1", "partner"], types: ["repair.*"]),
                EventFilter(audiences: ["device:S", "device"], types: ["*"]),
                EventFilter(audiences: ["support:x", "support"], types: ["*"]),
                EventFilter(audiences: nil, types: ["repair.changed", "support.*"]), all,
            ] {
                let everything = try await events(store).allEvents(after: 0, limit: 10)
                let found = try await events(store).events(after: 0, filter, limit: 10)
                #expect(found == everything.filter(filter.admits))
                #expect(!found.isEmpty)
            }
        }
    }

    @Test func `several nodes give out each place once`() async throws {
        try await StoreFixture.with { store in
            let count = 300
            let places = events(store)
            try await withThrowingTaskGroup { group in
                for lane in 0..<3 {
                    group.addTask { for number in 0..<count / 3 { try await emit(store, "lane\(lane).n\(number)") } }
                }
                for _ in 0..<2 { group.addTask { for _ in 0..<50 { _ = try await places.place() } } }
                try await group.waitForAll()
            }
            let last = try await places.place()
            #expect(last == Int64(count))
            let found = try await places.allEvents(after: 0, limit: 1_000)
            #expect(found.map(\.position) == (1...Int64(count)).map(\.self))
            for lane in 0..<3 {
                let own = found.map(\.type).filter { $0.hasPrefix("lane\(lane)") }
                #expect(own == (0..<count / 3).map { "lane\(lane).n\($0)" })
            }
        }
    }

    @Test func `a subscription's position moves forward only`() async throws {
        try await StoreFixture.with { store in
            let places = events(store)
            try await places.keep(KeptSubscription(name: "n", types: ["a"], position: 5), of: "partner:P-1")
            var reached = try await places.acknowledge("n", of: "partner:P-1", position: 9)
            #expect(reached == 9)
            reached = try await places.acknowledge("n", of: "partner:P-1", position: 7)
            #expect(reached == 9)
            reached = try await places.acknowledge("n", of: "partner:P-2", position: 9)
            #expect(reached == nil)
            let kept = try await places.subscription(of: "partner:P-1", name: "n")
            #expect(kept == KeptSubscription(name: "n", types: ["a"], position: 9))
            let isForgotten = try await places.forget("n", of: "partner:P-1")
            #expect(isForgotten)
        }
    }

    @Test func `a tenant may tell an event, and reads none from the table`() async throws {
        try await StoreFixture.with { store in
            let partner = Principal(kind: .partner, id: "P-1", name: "", partnerID: "P-1")
            let event = Event("a.b", to: [.partner("P-1")], at: store.clock.now, data: [:])
            try await store.tenancy.transaction(as: partner, readOnly: false) { transaction in
                try await transaction.emit(event)
            }
            let error = await #expect(throws: SQLError.self) {
                try await store.tenancy.transaction(as: partner, readOnly: true) { transaction in
                    try await transaction.execute(SQLStatement("select 1 from holdfast.event"))
                }
            }
            #expect(error?.kind == .notPermitted)
            let last = try await events(store).place()
            #expect(last == 1)
        }
    }
}
