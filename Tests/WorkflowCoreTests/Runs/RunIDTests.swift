import Testing
import WorkflowCore
import WorkflowKit

@Suite struct RunIDTests {
    private let time = Timestamp(microsecondsSince1970: 1_767_225_600_123_456)

    @Test func `an id tells its slot and its time of creation, to the millisecond`() {
        var random = SplitMix(seed: 1)
        for slot in [0, 1, 255, 256, 9_999, 16_383] as [Int32] {
            let id = RunID(at: time, slot: HashSlot(slot), using: &random)
            #expect(id.slotNumber == slot)
            #expect(id.createdAt == Timestamp(microsecondsSince1970: 1_767_225_600_123_000))
        }
    }

    @Test func `an id is a UUID of version 7 and variant 1, in lower case`() {
        var random = SplitMix(seed: 2)
        let text = RunID(at: time, slot: HashSlot(77), using: &random).description
        #expect(text.count == 36)
        #expect(text == text.lowercased())
        #expect(Array(text)[14] == "7")
        #expect("89ab".contains(Array(text)[19]))
    }

    @Test func `the text of an id reads back as the same id`() {
        var random = SplitMix(seed: randomSeed())
        let id = RunID(at: time, slot: HashSlot(5), using: &random)
        #expect(RunID(id.description) == id)
        #expect(RunID("no id") == nil)
    }

    @Test func `ids sort by the time of their creation`() {
        var random = SplitMix(seed: 3)
        let ids = (0..<50).map { RunID(at: time + .milliseconds($0), slot: HashSlot(16_383 - $0), using: &random) }
        #expect(ids.sorted() == ids)
        #expect(ids.map(\.description).sorted() == ids.map(\.description))
    }

    @Test func `ids made in the same millisecond differ`() {
        var random = SplitMix(seed: 4)
        let ids = Set((0..<10_000).map { _ in RunID(at: time, slot: HashSlot(1), using: &random) })
        #expect(ids.count == 10_000)
    }
}
