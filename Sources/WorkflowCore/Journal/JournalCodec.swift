package import WorkflowKit

/// The stored form of journal entries: a JSON array, so that an administrator can read it with `body::jsonb`.
///
/// Members: `q` seq, `t` microseconds since 1970, `k` kind, and by kind `o` ordinal, `n` name, `a` attempt, `s` started
/// at, `r` result, `e` error. Absent members have their default. Later releases may add members; they never change the
/// meaning of one.
package enum JournalCodec {
    /// What a journal holds that this program cannot read.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    // MARK: Writing

    package static func encode(_ entries: some Sequence<JournalEntry>) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        bytes.reserveCapacity(160)
        var isFirst = true
        for entry in entries {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(entry, into: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    private static func write(_ entry: JournalEntry, into bytes: inout [UInt8]) {
        var object = ObjectWriter(&bytes)
        object.int("q", Int64(entry.seq), &bytes)
        object.int("t", entry.at.microsecondsSince1970, &bytes)
        switch entry.fact {
        case .started(let record):
            object.string("k", "started", &bytes)
            write(record, &object, &bytes)
        case .stepEnded(let record):
            object.string("k", record.kind.rawValue, &bytes)
            object.int("o", Int64(record.ordinal), &bytes)
            object.string("n", record.name, &bytes)
            if record.attempt != 1 { object.int("a", Int64(record.attempt), &bytes) }
            object.int("s", record.startedAt.microsecondsSince1970, &bytes)
            write(record.outcome, &object, &bytes)
        case .attemptFailed(let record):
            object.string("k", "attempt", &bytes)
            object.string("of", record.kind.rawValue, &bytes)
            object.int("o", Int64(record.ordinal), &bytes)
            object.string("n", record.name, &bytes)
            object.int("a", Int64(record.attempt), &bytes)
            object.int("s", record.startedAt.microsecondsSince1970, &bytes)
            object.int("f", record.firstStartedAt.microsecondsSince1970, &bytes)
            object.raw("e", encode(record.failure), &bytes)
            if let next = record.nextAt { object.int("next", next.microsecondsSince1970, &bytes) }
        case .heartbeat(let ordinal, let attempt, let progress):
            object.string("k", "heartbeat", &bytes)
            object.int("o", Int64(ordinal), &bytes)
            object.int("a", Int64(attempt), &bytes)
            object.raw("r", progress, &bytes)
        case .timerFired(let ordinal, let name):
            object.string("k", "timer", &bytes)
            object.int("o", Int64(ordinal), &bytes)
            object.string("n", name, &bytes)
        case .signalReceived(let record):
            object.string("k", "signal", &bytes)
            write(record, &object, &bytes)
        case .childStarted(let ordinal, let name, let child):
            object.string("k", "child", &bytes)
            object.int("o", Int64(ordinal), &bytes)
            object.string("n", name, &bytes)
            object.string("id", child.description, &bytes)
        case .childEnded(let ordinal, let child, let outcome):
            object.string("k", "childEnded", &bytes)
            object.int("o", Int64(ordinal), &bytes)
            object.string("id", child.description, &bytes)
            write(outcome, &object, &bytes)
        case .eventEmitted(let ordinal, let name):
            object.string("k", "event", &bytes)
            object.int("o", Int64(ordinal), &bytes)
            object.string("n", name, &bytes)
        case .cancelRequested(let reason):
            object.string("k", "cancel", &bytes)
            if let reason { object.string("reason", reason, &bytes) }
        case .deadlinePassed:
            object.string("k", "deadline", &bytes)
        case .changed(let change):
            object.string("k", "changed", &bytes)
            object.string("n", change, &bytes)
        case .snapshot(let record):
            object.string("k", "snapshot", &bytes)
            write(record, &object, &bytes)
        case .paused(let record):
            object.string("k", "paused", &bytes)
            object.string("cause", record.cause.rawValue, &bytes)
            object.string("detail", record.detail, &bytes)
        case .resumed:
            object.string("k", "resumed", &bytes)
        case .suspected(let deaths):
            object.string("k", "suspected", &bytes)
            object.int("deaths", Int64(deaths), &bytes)
        case .ended(let outcome):
            object.string("k", "ended", &bytes)
            write(outcome, &object, &bytes)
        }
        object.end(&bytes)
    }

    private static func write(_ record: StartRecord, _ object: inout ObjectWriter, _ bytes: inout [UInt8]) {
        object.string("w", record.workflow, &bytes)
        object.int("v", Int64(record.version), &bytes)
        object.raw("in", record.input, &bytes)
        if let key = record.key { object.string("key", key, &bytes) }
        if let queue = record.queue { object.string("queue", queue, &bytes) }
        if record.priority != StartRecord.priorityDefault { object.int("priority", Int64(record.priority), &bytes) }
        if let startAt = record.startAt { object.int("startAt", startAt.microsecondsSince1970, &bytes) }
        if let deadline = record.deadline { object.int("deadline", deadline.microsecondsSince1970, &bytes) }
        if let parent = record.parent {
            object.string("parent", parent.run.description, &bytes)
            object.int("parentOrdinal", Int64(parent.ordinal), &bytes)
            object.bool("parentAwaits", parent.awaitsResult, &bytes)
            object.string("close", parent.closePolicy.rawValue, &bytes)
        }
        if let fork = record.fork {
            object.string("fork", fork.run.description, &bytes)
            object.int("forkSeq", Int64(fork.seq), &bytes)
        }
        object.int("seed", Int64(bitPattern: record.seed), &bytes)
    }

    private static func write(_ record: SignalRecord, _ object: inout ObjectWriter, _ bytes: inout [UInt8]) {
        object.string("n", record.name, &bytes)
        object.string("id", record.id.description, &bytes)
        object.raw("r", record.payload, &bytes)
    }

    private static func write(_ record: SnapshotRecord, _ object: inout ObjectWriter, _ bytes: inout [UInt8]) {
        object.int("o", Int64(record.ordinal), &bytes)
        object.raw("r", record.state, &bytes)
        object.int("random", Int64(bitPattern: record.randomState), &bytes)
        object.key("signals", &bytes)
        bytes.append(UInt8(ascii: "["))
        for (index, signal) in record.waitingSignals.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            var inner = ObjectWriter(&bytes)
            write(signal, &inner, &bytes)
            inner.end(&bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        object.raw("changes", JSON.array(record.changes.map(JSON.string)).bytes, &bytes)
        if !record.unchanged.isEmpty {
            object.raw("unchanged", JSON.array(record.unchanged.map(JSON.string)).bytes, &bytes)
        }
        if !record.seenSignals.isEmpty {
            object.raw("seen", JSON.array(record.seenSignals.map { .string($0.description) }).bytes, &bytes)
        }
        object.key("start", &bytes)
        var start = ObjectWriter(&bytes)
        write(record.start, &start, &bytes)
        start.end(&bytes)
    }

    private static func write(_ outcome: Outcome, _ object: inout ObjectWriter, _ bytes: inout [UInt8]) {
        switch outcome {
        case .completed(let result):
            object.raw("r", result, &bytes)
        case .failed(let failure):
            object.raw("e", encode(failure), &bytes)
        case .cancelled(let reason):
            object.bool("cancelled", true, &bytes)
            if let reason { object.string("reason", reason, &bytes) }
        }
    }

    /// The stored form of `failure`, also used for the error of a closed run.
    package static func encode(_ failure: Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var object = ObjectWriter(&bytes)
        object.string("type", failure.type, &bytes)
        object.string("message", failure.message, &bytes)
        if !failure.isRetryable { object.bool("permanent", true, &bytes) }
        if let delay = failure.retryAfter { object.int("retryAfter", delay.microseconds, &bytes) }
        object.end(&bytes)
        return bytes
    }

    /// Writes the members of one JSON object straight into a byte array.
    private struct ObjectWriter {
        private var isFirst = true

        init(_ bytes: inout [UInt8]) { bytes.append(UInt8(ascii: "{")) }

        mutating func key(_ key: StaticString, _ bytes: inout [UInt8]) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: key.description.utf8)
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
        }

        mutating func string(_ key: StaticString, _ value: String, _ bytes: inout [UInt8]) {
            self.key(key, &bytes)
            JSON.write(value, into: &bytes)
        }

        mutating func int(_ key: StaticString, _ value: Int64, _ bytes: inout [UInt8]) {
            self.key(key, &bytes)
            JSONNumber.write(value, into: &bytes)
        }

        mutating func bool(_ key: StaticString, _ value: Bool, _ bytes: inout [UInt8]) {
            self.key(key, &bytes)
            bytes.append(contentsOf: (value ? "true" : "false").utf8)
        }

        mutating func raw(_ key: StaticString, _ json: [UInt8], _ bytes: inout [UInt8]) {
            self.key(key, &bytes)
            bytes.append(contentsOf: json)
        }

        mutating func end(_ bytes: inout [UInt8]) { bytes.append(UInt8(ascii: "}")) }
    }
}
