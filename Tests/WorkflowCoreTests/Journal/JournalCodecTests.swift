import Testing
import WorkflowCore
import WorkflowKit

@Suite struct JournalCodecTests {
    @Test func `whatever is written is read back`() throws {
        let seed = randomSeed()
        var maker = EntryMaker(seed: seed)
        for _ in 0..<500 {
            let entries = (0..<Int.random(in: 0...6, using: &maker.random)).map { maker.entry(seq: Int32($0)) }
            #expect(try JournalCodec.decode(JournalCodec.encode(entries)) == entries, "HOLDFAST_SEED=\(seed)")
        }
    }

    @Test func `a segment is JSON that a person can read`() {
        let entry = JournalEntry(
            seq: 3, at: Timestamp(microsecondsSince1970: 7),
            fact: .stepEnded(
                StepRecord(
                    kind: .step, ordinal: 2, name: "charge", attempt: 1,
                    startedAt: Timestamp(microsecondsSince1970: 5), outcome: .completed(Array("true".utf8)))))
        #expect(
            String(decoding: JournalCodec.encode([entry]), as: UTF8.self)
                == #"[{"q":3,"t":7,"k":"step","o":2,"n":"charge","s":5,"r":true}]"#)
    }

    @Test(
        arguments: [
            ("{", "is no JSON"), ("{}", "is no array"), (#"[{"q":0,"t":0,"k":"sung"}]"#, #"kind "sung""#),
            (#"[{"q":0,"t":0,"k":"timer","n":"sleep"}]"#, #"member "o""#),
            (#"[{"q":"0","t":0,"k":"resumed"}]"#, #"member "q""#),
            (#"[{"q":0,"t":0,"k":"child","o":1,"n":"x","id":"no id"}]"#, #"member "id""#),
        ])
    func `what cannot be read is refused by name`(_ text: String, _ reason: String) {
        let error = #expect(throws: JournalCodec.Malformed.self) { try JournalCodec.decode(Array(text.utf8)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `members of later releases are left alone`() throws {
        let text = #"[{"q":1,"t":2,"k":"resumed","mood":"good"}]"#
        let entry = JournalEntry(seq: 1, at: Timestamp(microsecondsSince1970: 2), fact: .resumed)
        #expect(try JournalCodec.decode(Array(text.utf8)) == [entry])
    }

    @Test func `a failure is read back as it was`() throws {
        let failure = Failure(type: "a.b", message: "it \"failed\"\n", isRetryable: false, retryAfter: .seconds(3))
        #expect(try JournalCodec.decodeFailure(JournalCodec.encode(failure)) == failure)
    }
}

/// Makes entries of every kind, with odd names and texts.
private struct EntryMaker {
    var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func entry(seq: Int32) -> JournalEntry { JournalEntry(seq: seq, at: time(), fact: fact()) }

    private mutating func chance() -> Bool { Bool.random(using: &random) }
    private mutating func number() -> Int32 { Int32.random(in: 1...Int32.max, using: &random) }
    private mutating func id() -> RunID { RunID(at: time(), random: (random.next(), random.next())) }
    private mutating func time() -> Timestamp {
        Timestamp(microsecondsSince1970: Int64.random(in: 0...4_000_000_000_000_000, using: &random))
    }

    private mutating func text() -> String {
        ["", "charge", "a \"quoted\" name", "Grüße, 世界", "line\nbreak\t\u{1}", "\\"].randomElement(using: &random)!
    }

    private mutating func json() -> [UInt8] {
        let texts = ["null", "true", "-12.5e3", #"{"a":[1,2,{"b":null}]}"#, #""x""#, "[]"]
        return Array(texts.randomElement(using: &random)!.utf8)
    }

    private mutating func failure() -> Failure {
        Failure(type: text(), message: text(), isRetryable: chance(), retryAfter: chance() ? .seconds(5) : nil)
    }

    private mutating func outcome() -> Outcome {
        switch Int.random(in: 0...2, using: &random) {
        case 0: .completed(json())
        case 1: .failed(failure())
        default: .cancelled(reason: chance() ? text() : nil)
        }
    }

    private mutating func kind() -> StepRecord.Kind {
        [.step, .transaction, .compensation].randomElement(using: &random)!
    }

    private mutating func signal() -> SignalRecord { SignalRecord(name: text(), id: id(), payload: json()) }

    private mutating func start() -> StartRecord {
        var record = StartRecord(workflow: text(), version: number(), input: json(), seed: random.next())
        if chance() { record.key = text() }
        if chance() { record.queue = text() }
        record.priority = Int16.random(in: 0...9, using: &random)
        if chance() { record.startAt = time() }
        if chance() { record.deadline = time() }
        if chance() {
            record.parent = StartRecord.Parent(
                run: id(), ordinal: number(), awaitsResult: chance(), closePolicy: chance() ? .cancel : .abandon)
        }
        if chance() { record.fork = StartRecord.Fork(run: id(), seq: number()) }
        return record
    }

    private mutating func fact() -> JournalEntry.Fact {
        switch Int.random(in: 0...16, using: &random) {
        case 0: .started(start())
        case 1:
            .stepEnded(
                StepRecord(
                    kind: kind(), ordinal: number(), name: text(), attempt: number(), startedAt: time(),
                    outcome: outcome()))
        case 2:
            .attemptFailed(
                AttemptRecord(
                    kind: kind(), ordinal: number(), name: text(), attempt: number(), startedAt: time(),
                    firstStartedAt: time(), failure: failure(), nextAt: chance() ? time() : nil))
        case 3: .heartbeat(ordinal: number(), attempt: number(), progress: json())
        case 4: .timerFired(ordinal: number(), name: text())
        case 5: .signalReceived(signal())
        case 6: .childStarted(ordinal: number(), name: text(), child: id())
        case 7: .childEnded(ordinal: number(), child: id(), outcome: outcome())
        case 8: .eventEmitted(ordinal: number(), name: text())
        case 9: .cancelRequested(reason: chance() ? text() : nil)
        case 10: .deadlinePassed
        case 11: .changed(text())
        case 12:
            .snapshot(
                SnapshotRecord(
                    ordinal: number(), state: json(), waitingSignals: chance() ? [signal(), signal()] : [],
                    randomState: random.next(), changes: chance() ? [text(), text()] : [],
                    unchanged: chance() ? [text()] : [], seenSignals: chance() ? [id(), id()] : [], start: start()))
        case 13: .paused(PauseRecord(cause: chance() ? .requested : .foreignWait, detail: text()))
        case 14: .resumed
        case 15: .suspected(deaths: number())
        default: .ended(outcome())
        }
    }
}
