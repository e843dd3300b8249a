package import HoldingTenant

/// The serial numbers of a support request, each with its outcome.
///
/// Every serial number has one from the moment it is listed: what the trace says, until HP's support says otherwise.
package struct SerialList: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// As the partner wrote it.
        package let raw: String
        /// The normal form; `nil` if the text is no serial number.
        package let serial: SerialNumber?
        package fileprivate(set) var outcome: TraceOutcome
        package fileprivate(set) var detail: String?
        /// Whether HP's support has decided; a later trace no longer changes it.
        package fileprivate(set) var isDecided: Bool
    }

    /// In the order in which they were listed; each serial number once.
    package private(set) var entries: [Entry] = []

    package init() {}

    package init(entries: [Entry]) {
        self.entries = entries
    }

    /// Adds a list that came with the request or with a reply.
    ///
    /// - Parameter trace: the outcome of one entry at this moment.
    /// - Returns: how many were new.
    package mutating func add(_ raws: [String], trace: (Result<SerialNumber, SerialProblem>) -> TraceRules.Answer)
        -> Int
    {
        var known = Set(entries.map { $0.serial?.text ?? $0.raw })
        var added = 0
        for raw in raws {
            let reading = SerialNumber.read(raw)
            let serial = try? reading.get()
            guard known.insert(serial?.text ?? raw).inserted else { continue }
            let answer = trace(reading)
            entries.append(
                Entry(raw: raw, serial: serial, outcome: answer.outcome, detail: answer.detail, isDecided: false))
            added += 1
        }
        return added
    }

    /// Looks again at everything that support has not decided. Returns the entries whose outcome changed.
    package mutating func refresh(_ trace: (SerialNumber) -> TraceRules.Answer) -> [Entry] {
        var changed: [Entry] = []
        for index in entries.indices where !entries[index].isDecided {
            guard let serial = entries[index].serial else { continue }
            let answer = trace(serial)
            guard answer.outcome != entries[index].outcome || answer.detail != entries[index].detail else { continue }
            entries[index].outcome = answer.outcome
            entries[index].detail = answer.detail
            changed.append(entries[index])
        }
        return changed
    }

    package enum Refusal: Error, Hashable, Sendable {
        /// The serial number is not on the list.
        case notListed(String)
        /// The outcome is not one that a partner may be told.
        case outcome(TraceOutcome)
    }

    /// Support decides an outcome. What only operators may know is told as "under review".
    package mutating func decide(_ raw: String, _ outcome: TraceOutcome) -> Result<Void, Refusal> {
        let text = (try? SerialNumber.read(raw).get().text) ?? raw
        guard let index = entries.firstIndex(where: { ($0.serial?.text ?? $0.raw) == text }) else {
            return .failure(.notListed(raw))
        }
        if outcome == .reportedForOtherPartner { return .failure(.outcome(outcome)) }
        entries[index].outcome = outcome
        entries[index].detail = nil
        entries[index].isDecided = true
        return .success(())
    }
}
