import Testing
import WorkflowKit

@testable import RPCServer

@Suite struct RateLimiterTests {
    let noon = Timestamp(microsecondsSince1970: 1_772_366_400_000_000)
    let limiter = RateLimiter(RateLimits(byKind: [.partner: .init(requestsPerSecond: 10, burst: 3)]))
    let partner = Principal(kind: .partner, id: "P-1", name: "P")

    @Test func `a burst is admitted, then one per tenth of a second`() {
        for _ in 0..<3 { #expect(limiter.admit(partner, at: noon) == nil) }
        #expect(limiter.admit(partner, at: noon) == .milliseconds(100))
        #expect(limiter.admit(partner, at: noon + .milliseconds(50)) == .milliseconds(50))
        #expect(limiter.admit(partner, at: noon + .milliseconds(100)) == nil)
    }

    @Test func `callers do not share, and other kinds have no limit`() {
        for _ in 0..<3 { #expect(limiter.admit(partner, at: noon) == nil) }
        #expect(limiter.admit(Principal(kind: .partner, id: "P-2", name: "P"), at: noon) == nil)
        for _ in 0..<100 { #expect(limiter.admit(Principal(kind: .admin, id: "P-1", name: "A"), at: noon) == nil) }
    }

    @Test func `a clock that goes back takes nothing away`() {
        #expect(limiter.admit(partner, at: noon) == nil)
        #expect(limiter.admit(partner, at: noon - .seconds(100)) == nil)
        #expect(limiter.admit(partner, at: noon) == nil)
        #expect(limiter.admit(partner, at: noon) != nil)
    }
}
