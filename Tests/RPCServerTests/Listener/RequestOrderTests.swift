import Testing
import WorkflowKit

@testable import RPCServer

@Suite struct RequestOrderTests {
    private func work(_ ordering: RPCOrdering, isRead: Bool = false) -> RPCDispatcher.Work {
        RPCDispatcher.Work(ordering: ordering, isRead: isRead, isBarrier: false) {
            RPCDispatcher.Outcome(answer: .success([]))
        }
    }

    private func run(_ id: String) -> RPCOrdering { .entity(name: "run", id: id) }
    private func key(_ id: String) -> RPCOrdering { .entity(name: "runKey", id: id) }

    /// Keeps the order in a place that expectations may change.
    private final class Requests {
        var order = RequestOrder()
        func mayStart(_ number: Int, _ work: RPCDispatcher.Work) -> Bool { order.mayStart(number, work) }
        func finished(_ number: Int) -> [Int] { order.finished(number).map(\.number) }
    }

    @Test func `changes of one entity follow each other, those of two do not wait`() {
        let order = Requests()
        #expect(order.mayStart(1, work(run("a"))))
        #expect(!order.mayStart(2, work(run("a"))))
        #expect(!order.mayStart(3, work(run("a"))))
        #expect(order.mayStart(4, work(run("b"))))
        #expect(order.finished(4).isEmpty)
        #expect(order.finished(1) == [2])
        #expect(order.finished(2) == [3])
    }

    @Test func `two names may mean the same entity`() {
        let order = Requests()
        #expect(order.mayStart(1, work(key("k"))))
        #expect(!order.mayStart(2, work(run("a"))))
        #expect(!order.mayStart(3, work(key("other"))))
        #expect(order.finished(1) == [2])
        #expect(order.finished(2) == [3])
    }

    @Test func `reads run side by side, and changes keep their places between them`() {
        let order = Requests()
        #expect(order.mayStart(1, work(run("a"), isRead: true)))
        #expect(order.mayStart(2, work(.everything, isRead: true)))
        #expect(!order.mayStart(3, work(run("a"))))
        #expect(!order.mayStart(4, work(run("a"), isRead: true)))
        #expect(order.finished(1).isEmpty)
        #expect(order.finished(2) == [3])
        #expect(order.finished(3) == [4])
    }

    @Test func `what touches nothing waits for nobody, and what touches everything for all`() {
        let order = Requests()
        #expect(order.mayStart(1, work(.free)))
        #expect(order.mayStart(2, work(.everything)))
        #expect(order.mayStart(3, work(.free)))
        #expect(!order.mayStart(4, work(run("a"))))
        #expect(order.finished(3).isEmpty)
        #expect(order.finished(2) == [4])
    }
}
