package import WorkflowEngine

/// Many histories, each from its own seed.
package struct Histories: Sendable {
    package var first: UInt64
    package var count: UInt64
    package var sabotage: Set<Sabotage> = []
    package var flaws: Set<WorldFlaw> = []
    package var failuresMax = 5
    /// How many things happen in each while faults happen, too; nil for the usual number.
    package var actions: Int?

    package init(first: UInt64, count: UInt64) {
        self.first = first
        self.count = count
    }

    package struct Report: Sendable {
        package var histories = 0
        package var runs = 0
        package var entries = 0
        package var crashes = 0
        package var virtualHours = 0.0
        package var failures: [History] = []

        package func summary(in time: Duration) -> String {
            let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
            return "\(histories) histories, \(runs) runs, \(entries) journal entries, \(crashes) crashes and "
                + "\(Int(virtualHours)) virtual hours in \(Int(seconds * 10) / 10) s: \(failures.count) failures"
        }
    }

    /// Lives through them in memory, one after the other, and stops after ``failuresMax`` failures.
    package func run() async throws -> Report {
        let ignoresFences = flaws.contains(.storeIgnoresFences)
        return try await run { SimulatedMemoryStore(ignoresFences: ignoresFences) }
    }

    /// Lives through them on a store that `newStore` makes empty for each.
    package func run<S: SimulatedStore>(on newStore: @Sendable () async throws -> S) async throws -> Report {
        var report = Report()
        for seed in first..<(first + count) {
            let history = try await World(try await newStore(), settings(seed, isTraced: false)).run()
            report.histories += 1
            report.runs += history.runs
            report.entries += history.entries
            report.crashes += history.crashes
            report.virtualHours += Double(history.virtualTime.components.seconds) / 3_600
            if !history.violations.isEmpty {
                report.failures.append(
                    try await World(try await newStore(), settings(seed, isTraced: true)).run())
                if report.failures.count >= failuresMax { break }
            }
        }
        return report
    }

    private func settings(_ seed: UInt64, isTraced: Bool) -> HistorySettings {
        var settings = HistorySettings(seed: seed)
        settings.sabotage = sabotage
        settings.flaws = flaws
        settings.isTraced = isTraced
        if let actions { settings.actions = actions }
        return settings
    }
}

extension History: CustomStringConvertible {
    /// What went wrong, how it came to it, and how to see it again.
    package var description: String {
        "history \(seed) went wrong:\n  " + violations.joined(separator: "\n  ") + "\nrepeat it with\n  "
            + "HOLDFAST_SEED=\(seed) HOLDFAST_HISTORIES=1 swift test --filter SimulationTests\nhow it came to it:\n  "
            + trace.suffix(300).joined(separator: "\n  ")
    }
}
