import Testing

@testable import Postgres

@Suite struct StatementCacheTests {
    @Test func `a statement is found by its text and the types of its parameters`() {
        var cache = StatementCache(countMax: 10)
        let plan = cache.plan("select $1", types: [.int4])
        _ = cache.insert(name: plan.name, text: "select $1", types: plan.types)
        #expect(cache.find("select $1", types: [.int4]) == plan.name)
        #expect(cache.find("select $1", types: [.text]) == nil)
        #expect(cache.find("select 2", types: [.int4]) == nil)
    }

    @Test func `a null fits a statement whatever the type it was prepared for`() {
        var cache = StatementCache(countMax: 10)
        _ = cache.insert(name: "a", text: "t", types: [.int4, .text])
        #expect(cache.find("t", types: [.inferred, .text]) == "a")
    }

    @Test func `a statement that was prepared with a null makes way for one that knows the type`() {
        var cache = StatementCache(countMax: 10)
        _ = cache.insert(name: "a", text: "t", types: [.inferred, .text])
        #expect(cache.find("t", types: [.int4, .inferred]) == nil)
        // The type that the other parameter had before is kept.
        let plan = cache.plan("t", types: [.int4, .inferred])
        #expect(plan.types == [.int4, .text])
        #expect(cache.insert(name: plan.name, text: "t", types: plan.types) == ["a"])
        #expect(cache.count == 1)
    }

    @Test func `the least recently used statement goes first`() {
        var cache = StatementCache(countMax: 2)
        #expect(cache.insert(name: "a", text: "1", types: []) == [])
        #expect(cache.insert(name: "b", text: "2", types: []) == [])
        #expect(cache.find("1", types: []) == "a")
        #expect(cache.insert(name: "c", text: "3", types: []) == ["b"])
        #expect(cache.find("2", types: []) == nil)
        #expect(cache.count == 2)
    }

    @Test func `names are never used twice`() {
        var cache = StatementCache(countMax: 1)
        let names = Set((0..<100).map { _ in cache.plan("t", types: []).name })
        #expect(names.count == 100)
    }
}
