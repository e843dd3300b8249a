import Foundation
import Simulation
import Testing
import WorkflowEngine

/// What the environment says about random tests.
enum RandomTests {
    /// `HOLDFAST_SEED`, or a new seed.
    static let seed = number("HOLDFAST_SEED") ?? UInt64.random(in: 1...1_000_000_000)
    /// How many histories `HOLDFAST_HISTORIES` asks for.
    static let histories = number("HOLDFAST_HISTORIES") ?? 500

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}

@Suite struct SimulationTests {
    /// Commits fail, acknowledgements are lost, nodes die and freeze, slots change hands, messages come twice.
    @Test func `whatever happens to the nodes, nothing is lost, doubled or swapped`() async throws {
        print("seeds from HOLDFAST_SEED=\(RandomTests.seed), \(RandomTests.histories) histories")
        let report = try await Histories(first: RandomTests.seed, count: RandomTests.histories).run()
        #expect(report.failures.isEmpty, "\(report.failures.first?.description ?? "")")
        #expect(report.histories == Int(RandomTests.histories))
    }

    @Test func `a history is the same each time it is lived through`() async throws {
        func live() async throws -> History {
            var settings = HistorySettings(seed: RandomTests.seed)
            settings.isTraced = true
            return try await World(SimulatedMemoryStore(), settings).run()
        }
        let (first, second) = (try await live(), try await live())
        #expect(first.trace == second.trace, "HOLDFAST_SEED=\(RandomTests.seed)")
        #expect(first.trace.count > 20)
    }
}

/// A suite that an engine without a guarantee passes would prove nothing of that guarantee.
@Suite struct SabotageTests {
    @Test(arguments: Sabotage.allCases)
    func `an engine without this guarantee is found out`(_ sabotage: Sabotage) async throws {
        var histories = Histories(first: 1, count: 1_000)
        histories.sabotage = [sabotage]
        histories.failuresMax = 1
        let report = try await histories.run()
        #expect(!report.failures.isEmpty, "no history showed it")
        print("\(sabotage) shows in history \(report.histories)")
    }

    @Test(arguments: WorldFlaw.allCases)
    func `surroundings without this guarantee are found out`(_ flaw: WorldFlaw) async throws {
        var histories = Histories(first: 1, count: 1_000)
        histories.flaws = [flaw]
        histories.failuresMax = 1
        let report = try await histories.run()
        #expect(!report.failures.isEmpty, "no history showed it")
        print("\(flaw) shows in history \(report.histories)")
    }
}
