import Testing
import WorkflowKit

@testable import Postgres

@Suite struct BackoffTests {
    @Test func `waits are drawn below a bound that doubles up to a limit`() {
        var random = SeededRandom.announced()
        var backoff = Backoff()
        for expected in [50, 100, 200, 400, 800, 1_600, 2_000, 2_000] {
            #expect(backoff.bound == .milliseconds(expected))
            let wait = backoff.next(using: &random)
            #expect(wait >= .zero && wait <= .milliseconds(expected))
        }
        backoff.reset()
        #expect(backoff.bound == .milliseconds(50))
    }

    @Test func `clients do not come back in step`() {
        var random = SeededRandom.announced()
        let waits = Set(
            (0..<20).map { _ in
                var backoff = Backoff()
                return backoff.next(using: &random)
            })
        #expect(waits.count > 10)
    }
}
