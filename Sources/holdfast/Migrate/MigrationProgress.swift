import Foundation
import Glibc
import PostgresStore
import Synchronization

/// Draws what the migration runner is doing: a bar on a terminal, a line for each migration elsewhere.
///
/// Everything goes to standard error: standard output is the report's.
final class MigrationProgress: Sendable {
    private struct State {
        var total = 0
        var done = 0
        var hasBar = false
    }

    private let isQuiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    @Sendable func observe(_ event: MigrationEvent) {
        switch event {
        case .planned(_, let statements): state.withLock { $0.total = statements }
        case .waitingForMigrator(let holder, let waited):
            line(
                "waiting for another migration (\(waited.components.seconds) s): \(holder?.description ?? "it is ending")"
            )
        case .migrationBegins(let id, let name, _): line("\(id) \(name)")
        case .statementBegins(_, _, _, let summary): bar(summary)
        case .statementAdvances(_, _, let phase, let fraction):
            bar(fraction.map { "\(phase), \(Int($0 * 100)) %" } ?? phase)
        case .statementWaits(_, let number, let blockers):
            line("statement \(number) waits for \(blockers.map(\.description).joined(separator: "; "))")
        case .lockTimedOut(_, let number, let attempt, let pause, let blockers):
            let milliseconds = pause.components.seconds * 1_000 + pause.components.attoseconds / 1_000_000_000_000_000
            line(
                "statement \(number) gave way to live traffic (attempt \(attempt)), again in \(milliseconds) ms: "
                    + blockers.map(\.description).joined(separator: "; "))
        case .statementEnds:
            state.withLock { $0.done += 1 }
        case .held(let id, let reason): line("\(id) has to wait: \(reason)")
        case .progressRecorded, .committing, .migrationEnds: break
        }
    }

    /// Takes the bar off the screen.
    func finish() {
        if state.withLock({ $0.hasBar }) { write("\r\u{1B}[K") }
    }

    private func line(_ text: String) {
        guard !isQuiet else { return }
        finish()
        write(text + "\n")
    }

    private func bar(_ summary: String) {
        guard isTerminal, !isQuiet else { return }
        let (done, total) = state.withLock { state in
            state.hasBar = true
            // A statement that gave way to live traffic takes those before it along, and they count again.
            let total = max(state.total, 1)
            return (min(state.done, total), total)
        }
        let filled = 20 * done / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        write("\r\u{1B}[K[\(bar)] \(done)/\(total) \(summary.prefix(50))")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
