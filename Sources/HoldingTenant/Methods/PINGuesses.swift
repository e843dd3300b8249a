import Synchronization
import WorkflowKit

/// Counts wrong PINs by caller, on this node: nobody finds a PIN by trying.
///
/// By caller and never by address, because all PCs of a company come from one address.
final class PINGuesses: Sendable {
    /// Wrong PINs of one caller within a minute; the next one is not looked at.
    static let most = 20
    private static let window = Duration.seconds(60)

    private let guesses = Mutex<[String: [Timestamp]]>([:])

    /// - Throws: `rate.limited` if the caller guessed too often.
    func check(_ caller: String, at now: Timestamp) throws(RPCError) {
        let oldest: Timestamp? = guesses.withLock { guesses in
            let recent = (guesses[caller] ?? []).filter { $0 + Self.window > now }
            guesses[caller] = recent.isEmpty ? nil : recent
            return recent.count >= Self.most ? recent[0] : nil
        }
        if let oldest {
            throw .rateLimited(retryAfter: max(.milliseconds(1), (oldest + Self.window) - now))
        }
    }

    func wrong(_ caller: String, at now: Timestamp) {
        guesses.withLock { guesses in
            // Callers that guessed and went away; looked for only when there are many.
            if guesses.count > 10_000 {
                guesses = guesses.filter { $0.value.contains { $0 + Self.window > now } }
            }
            guesses[caller, default: []].append(now)
        }
    }
}
