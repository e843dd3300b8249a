package import WorkflowKit

extension JournalCodec {
    /// The entries that ``encode(_:)`` wrote.
    package static func decode(_ bytes: [UInt8]) throws(Malformed) -> [JournalEntry] {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw Malformed(description: "a journal segment is no JSON: \(error)")
        }
        guard let elements = json.arrayValue else { throw Malformed(description: "a journal segment is no array") }
        var entries: [JournalEntry] = []
        entries.reserveCapacity(elements.count)
        for element in elements { entries.append(try entry(Members(element))) }
        return entries
    }

    /// The failure that ``encode(_:)-(Failure)`` wrote.
    package static func decodeFailure(_ bytes: [UInt8]) throws(Malformed) -> Failure {
        do {
            return try failure(Members(try JSON(parsing: bytes)))
        } catch let error as Malformed {
            throw error
        } catch {
            throw Malformed(description: "a stored error is no JSON: \(error)")
        }
    }

    private static func entry(_ members: Members) throws(Malformed) -> JournalEntry {
        JournalEntry(
            seq: try members.int32("q"), at: try members.timestamp("t"), fact: try fact(members))
    }

    private static func fact(_ members: Members) throws(Malformed) -> JournalEntry.Fact {
        let kind = try members.string("k")
        switch kind {
        case "started":
            return .started(try start(members))
        case "step", "transaction", "compensation":
            return .stepEnded(
                StepRecord(
                    kind: try members.stepKind("k"), ordinal: try members.int32("o"), name: try members.string("n"),
                    attempt: members.json["a"] == nil ? 1 : try members.int32("a"),
                    startedAt: try members.timestamp("s"), outcome: try outcome(members)))
        case "attempt":
            return .attemptFailed(
                AttemptRecord(
                    kind: try members.stepKind("of"), ordinal: try members.int32("o"), name: try members.string("n"),
                    attempt: try members.int32("a"), startedAt: try members.timestamp("s"),
                    firstStartedAt: try members.timestamp("f"), failure: try failure(members.object("e")),
                    nextAt: try members.timestampOrNil("next")))
        case "heartbeat":
            return .heartbeat(
                ordinal: try members.int32("o"), attempt: try members.int32("a"), progress: try members.raw("r"))
        case "timer":
            return .timerFired(ordinal: try members.int32("o"), name: try members.string("n"))
        case "signal":
            return .signalReceived(try signal(members))
        case "child":
            return .childStarted(
                ordinal: try members.int32("o"), name: try members.string("n"), child: try members.runID("id"))
        case "childEnded":
            return .childEnded(
                ordinal: try members.int32("o"), child: try members.runID("id"), outcome: try outcome(members))
        case "event":
            return .eventEmitted(ordinal: try members.int32("o"), name: try members.string("n"))
        case "cancel":
            return .cancelRequested(reason: members.json["reason"]?.stringValue)
        case "deadline":
            return .deadlinePassed
        case "changed":
            return .changed(try members.string("n"))
        case "snapshot":
            return .snapshot(try snapshot(members))
        case "paused":
            guard let cause = PauseRecord.Cause(rawValue: try members.string("cause")) else {
                throw Malformed(description: "a journal entry has an unknown cause of a pause")
            }
            return .paused(PauseRecord(cause: cause, detail: try members.string("detail")))
        case "resumed":
            return .resumed
        case "suspected":
            return .suspected(deaths: try members.int32("deaths"))
        case "ended":
            return .ended(try outcome(members))
        default:
            throw Malformed(description: "a journal entry is of kind \"\(kind)\", which this release does not know")
        }
    }

    private static func start(_ members: Members) throws(Malformed) -> StartRecord {
        var record = StartRecord(
            workflow: try members.string("w"), version: try members.int32("v"), input: try members.raw("in"),
            key: members.json["key"]?.stringValue, queue: members.json["queue"]?.stringValue,
            startAt: try members.timestampOrNil("startAt"), deadline: try members.timestampOrNil("deadline"),
            seed: UInt64(bitPattern: try members.int64("seed")))
        if members.json["priority"] != nil { record.priority = Int16(clamping: try members.int64("priority")) }
        if members.json["parent"] != nil {
            guard let policy = ClosePolicy(rawValue: try members.string("close")) else {
                throw Malformed(description: "a journal entry has an unknown close policy")
            }
            record.parent = StartRecord.Parent(
                run: try members.runID("parent"), ordinal: try members.int32("parentOrdinal"),
                awaitsResult: members.json["parentAwaits"]?.boolValue ?? true, closePolicy: policy)
        }
        if members.json["fork"] != nil {
            record.fork = StartRecord.Fork(run: try members.runID("fork"), seq: try members.int32("forkSeq"))
        }
        return record
    }

    private static func signal(_ members: Members) throws(Malformed) -> SignalRecord {
        SignalRecord(name: try members.string("n"), id: try members.runID("id"), payload: try members.raw("r"))
    }

    private static func snapshot(_ members: Members) throws(Malformed) -> SnapshotRecord {
        var signals: [SignalRecord] = []
        for element in members.json["signals"]?.arrayValue ?? [] { signals.append(try signal(Members(element))) }
        return SnapshotRecord(
            ordinal: try members.int32("o"), state: try members.raw("r"), waitingSignals: signals,
            randomState: UInt64(bitPattern: try members.int64("random")),
            changes: members.strings("changes"), unchanged: members.strings("unchanged"),
            seenSignals: members.strings("seen").compactMap(RunID.init),
            start: try start(members.object("start")))
    }

    private static func outcome(_ members: Members) throws(Malformed) -> Outcome {
        if members.json["e"] != nil { return .failed(try failure(members.object("e"))) }
        if members.json["cancelled"] != nil { return .cancelled(reason: members.json["reason"]?.stringValue) }
        return .completed(try members.raw("r"))
    }

    private static func failure(_ members: Members) throws(Malformed) -> Failure {
        Failure(
            type: try members.string("type"), message: try members.string("message"),
            isRetryable: members.json["permanent"]?.boolValue != true,
            retryAfter: members.json["retryAfter"] == nil ? nil : .microseconds(try members.int64("retryAfter")))
    }

    /// The members of one entry, read by name.
    private struct Members {
        let json: JSON

        init(_ json: JSON) { self.json = json }

        func string(_ name: String) throws(Malformed) -> String {
            guard let value = json[name]?.stringValue else { throw missing(name) }
            return value
        }

        func int64(_ name: String) throws(Malformed) -> Int64 {
            guard case .number(let number) = json[name], let value = number.int64 else { throw missing(name) }
            return value
        }

        func int32(_ name: String) throws(Malformed) -> Int32 {
            guard let value = Int32(exactly: try int64(name)) else { throw missing(name) }
            return value
        }

        func timestamp(_ name: String) throws(Malformed) -> Timestamp {
            Timestamp(microsecondsSince1970: try int64(name))
        }

        func timestampOrNil(_ name: String) throws(Malformed) -> Timestamp? {
            json[name] == nil ? nil : try timestamp(name)
        }

        func runID(_ name: String) throws(Malformed) -> RunID {
            guard let id = RunID(try string(name)) else { throw missing(name) }
            return id
        }

        func raw(_ name: String) throws(Malformed) -> [UInt8] {
            guard let value = json[name] else { throw missing(name) }
            return value.bytes
        }

        /// The texts in the array `name`; none when there is no such member.
        func strings(_ name: String) -> [String] { (json[name]?.arrayValue ?? []).compactMap(\.stringValue) }

        func object(_ name: String) throws(Malformed) -> Members {
            guard let value = json[name], value.objectValue != nil else { throw missing(name) }
            return Members(value)
        }

        func stepKind(_ name: String) throws(Malformed) -> StepRecord.Kind {
            guard let kind = StepRecord.Kind(rawValue: try string(name)) else { throw missing(name) }
            return kind
        }

        private func missing(_ name: String) -> Malformed {
            Malformed(description: "a journal entry's member \"\(name)\" is missing or of the wrong type")
        }
    }
}
