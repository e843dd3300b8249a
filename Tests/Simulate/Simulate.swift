import Foundation
import Simulation

/// Lives through many histories and reports what went wrong: `Simulate [count] [first seed]`.
@main struct Simulate {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let count = arguments.first ?? 1_000
        let first = arguments.dropFirst().first ?? 1
        let clock = ContinuousClock()
        let began = clock.now
        let report = try await Histories(first: first, count: count).run()
        print(report.summary(in: clock.now - began))
        for failure in report.failures.prefix(5) { print(failure.description) }
        if !report.failures.isEmpty { exit(1) }
    }
}
