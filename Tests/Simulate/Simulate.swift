import Foundation
import Simulation

/// Lives through many histories and reports what went wrong: `Simulate [count] [first seed] [actions in each]`.
@main struct Simulate {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let count = arguments.first ?? 1_000
        let first = arguments.dropFirst().first ?? 1
        let clock = ContinuousClock()
        let began = clock.now
        var histories = Histories(first: first, count: count)
        histories.actions = arguments.dropFirst(2).first.map(Int.init)
        let report = try await histories.run()
        print(report.summary(in: clock.now - began))
        for failure in report.failures.prefix(5) { print(failure.description) }
        if !report.failures.isEmpty { exit(1) }
    }
}
