import BusinessHistory
import Foundation
import RequirementTags
import TestSupport
import Testing
import WorkflowKit

/// Random histories on the database, and what holds after them.
///
/// `HOLDFAST_OPERATIONS` sets the number of operations, `HOLDFAST_SEED` the history.
@Suite(.serialized, .requirement("D4", "D6", "D17", "D29", "D34", "D35", "D36", "Q5", "Q11"))
struct HistoryPropertyTests {
    private static func operations(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["HOLDFAST_OPERATIONS"].flatMap { Int($0) } ?? usual
    }

    @Test func `in any history every PC has one place, repetitions change nothing, and the switch fires once`()
        async throws
    {
        let seed = testSeed("histories on the database")
        try await Business.with { business in
            var history = RandomHistory(business, seed: seed, devices: 60)
            try await history.begin()
            for number in 1...Self.operations(3_000) {
                try await history.step()
                if number % 50 == 0 {
                    let before = try await Invariants.digest(business.pool)
                    let repeated = try await history.repeatSomething()
                    let after = try await Invariants.digest(business.pool)
                    #expect(after == before, "\(repeated ?? "") changed something when it came again, step \(number)")
                }
                if number % 200 == 0 {
                    let broken = try await Invariants.broken(business.pool)
                    #expect(broken == [], "after \(number) steps")
                    guard broken.isEmpty else { return }
                }
            }
            print("histories on the database: \(history.carriedOut) carried out, \(history.refused) refused")
            #expect(history.carriedOut > history.refused / 4, "most of a history is carried out")
        }
    }

    /// What the histories are checked with sees what it is there for.
    @Test func `a broken rule is named`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.sell(["5CG6101KLM"], covered: ["5CG6101KLM"], to: "P1")
            let customer = try await business.customer(of: "P1")
            try await business.assign(["5CG6101KLM"], to: customer, of: "P1")
            #expect(try await Invariants.broken(business.pool) == [])
            let before = try await Invariants.digest(business.pool)
            try await business.database.administer(
                """
                insert into holdfast.event (type, at, audiences, data)
                select type, at, audiences, data from holdfast.event where type = 'selfService.reenabled';
                update holding.device set partner_id = null, customer_id = null;
                update sell_through.report set status = 'processing', finished_at = null;
                """)
            let broken = try await Invariants.broken(business.pool)
            #expect(broken.count == 3, "\(broken)")
            #expect(try await Invariants.digest(business.pool) != before)
        }
    }

    @Test func `in any history all of it holds although the engine is killed again and again`() async throws {
        let seed = testSeed("histories with killed engines")
        try await Business.with { business in
            var history = RandomHistory(business, seed: seed, devices: 40)
            var generator = SeededGenerator(seed: seed &+ 1)
            try await history.begin()
            let total = Self.operations(600)
            var done = 0
            while done < total {
                for _ in 0..<Int.random(in: 10...60, using: &generator) {
                    try await history.step(waits: Int.random(in: 0..<3, using: &generator) == 0)
                    done += 1
                }
                try await business.engine.kill(business.pool)
                try await history.settle()
                let broken = try await Invariants.broken(business.pool)
                #expect(broken == [], "after \(done) steps")
                guard broken.isEmpty else { return }
            }
        }
    }
}
