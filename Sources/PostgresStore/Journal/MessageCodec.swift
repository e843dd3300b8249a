import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// The stored form of messages. A signal or the end of a child is stored as the journal entry that it becomes.
enum MessageCodec {
    static func encode(_ body: Batch.Message.Body) -> (kind: String, body: String?) {
        switch body {
        case .signal(let record): ("signal", text(.signalReceived(record)))
        case .childEnded(let ordinal, let child, let outcome):
            ("child-ended", text(.childEnded(ordinal: ordinal, child: child, outcome: outcome)))
        case .command(.cancel(let reason)): ("command", text(.cancelRequested(reason: reason)))
        case .command(.pause): ("command", "pause")
        case .command(.resume): ("command", "resume")
        case .command(.retry): ("command", "retry")
        case .adopt: ("adopt", nil)
        }
    }

    static func decode(kind: String, body: String?) throws(StoreError) -> Batch.Message.Body {
        switch (kind, body) {
        case ("adopt", _): return .adopt
        case ("command", "pause"): return .command(.pause)
        case ("command", "resume"): return .command(.resume)
        case ("command", "retry"): return .command(.retry)
        default: break
        }
        switch (kind, try fact(body)) {
        case ("signal", .signalReceived(let record)): return .signal(record)
        case ("child-ended", .childEnded(let ordinal, let child, let outcome)):
            return .childEnded(ordinal: ordinal, child: child, outcome: outcome)
        case ("command", .cancelRequested(let reason)): return .command(.cancel(reason: reason))
        default: throw StoreError(.rejected, "a stored message of kind \"\(kind)\" cannot be read")
        }
    }

    private static func text(_ fact: JournalEntry.Fact) -> String {
        let entry = JournalEntry(seq: 0, at: Timestamp(microsecondsSince1970: 0), fact: fact)
        return String(decoding: JournalCodec.encode([entry]), as: UTF8.self)
    }

    private static func fact(_ body: String?) throws(StoreError) -> JournalEntry.Fact {
        do {
            if let fact = try JournalCodec.decode(Array((body ?? "[]").utf8)).first?.fact { return fact }
        } catch {
            throw StoreError(.rejected, error.description)
        }
        throw StoreError(.rejected, "a stored message is empty")
    }
}
