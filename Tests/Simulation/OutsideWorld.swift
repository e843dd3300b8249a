import Synchronization
import WorkflowCore
package import WorkflowKit

/// What lies beyond the store: it notes every call that external steps make, and has a clock and chance of its own.
package final class OutsideWorld: Sendable {
    /// The world in which the present task's steps are carried out.
    @TaskLocal package static var current: OutsideWorld?

    package struct Call: Sendable {
        package let run: RunID
        package let token: String
        package let attempt: Int
        package let value: Int64
    }

    private struct State {
        var calls: [Call] = []
        var callsByToken: [String: Int] = [:]
        var random: SplitMix
        var violations: [String] = []
    }

    private let state: Mutex<State>

    package init(seed: UInt64) { state = Mutex(State(random: SplitMix(seed: seed))) }

    package var calls: [Call] { state.withLock { $0.calls } }
    package var violations: [String] { state.withLock { $0.violations } }

    /// Notes a call and returns how often this step has been called, this time included.
    @discardableResult
    package func call(_ step: StepContext, _ value: Int64) -> Int {
        state.withLock { state in
            state.calls.append(
                Call(run: step.runID, token: step.idempotencyToken, attempt: step.attempt, value: value))
            state.callsByToken[step.idempotencyToken, default: 0] += 1
            return state.callsByToken[step.idempotencyToken]!
        }
    }

    /// A number that no replay repeats.
    package func chance() -> Int64 { state.withLock { Int64($0.random.next() % 1_000_000) } }

    package func violation(_ text: String) { state.withLock { $0.violations.append(text) } }
}

/// The outside world of the step that asks.
func outside() -> OutsideWorld {
    guard let world = OutsideWorld.current else { preconditionFailure("a step runs outside a simulated world") }
    return world
}

/// Numbers from 1.
final class Counter: Sendable {
    private let value = Mutex<Int64>(0)
    func next() -> Int64 {
        value.withLock { value in
            value += 1
            return value
        }
    }
}
