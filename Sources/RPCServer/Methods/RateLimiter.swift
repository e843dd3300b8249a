private import Synchronization
package import WorkflowKit

/// How many requests a caller may make.
package struct RateLimits: Hashable, Sendable {
    package struct Rate: Hashable, Sendable {
        package let requestsPerSecond: Int
        /// How many may come at once after a pause.
        package let burst: Int

        package init(requestsPerSecond: Int, burst: Int) {
            precondition(requestsPerSecond > 0 && burst > 0, "a rate allows something")
            self.requestsPerSecond = requestsPerSecond
            self.burst = burst
        }
    }

    /// Of each caller of a kind; kinds that are not named have no limit.
    package var byKind: [PrincipalKind: Rate]

    /// Operators are not limited. The rate is far above what an integration needs, and low enough that one in an
    /// endless loop leaves the others their share.
    package init(byKind: [PrincipalKind: Rate]? = nil) {
        let usual = Rate(requestsPerSecond: 2_000, burst: 4_000)
        self.byKind =
            byKind ?? [
                .partner: usual, .reporter: usual, .university: usual, .customer: usual,
                .device: Rate(requestsPerSecond: 100, burst: 500),
            ]
    }
}

/// One token bucket per caller.
final class RateLimiter: Sendable {
    private struct Bucket {
        var requests: Double
        var at: Timestamp
    }

    private let limits: RateLimits
    private let buckets = Mutex<[String: Bucket]>([:])
    /// Above this many buckets those that are full again are forgotten.
    private static let bucketsMax = 20_000

    init(_ limits: RateLimits) { self.limits = limits }

    /// Counts one request of `principal`; the time to wait if it is one too many.
    func admit(_ principal: Principal, at now: Timestamp) -> Duration? {
        guard let rate = limits.byKind[principal.kind] else { return nil }
        return buckets.withLock { buckets in
            if buckets.count > Self.bucketsMax {
                buckets = buckets.filter { Self.refilled($0.value, rate, now) < Double(rate.burst) }
            }
            let full = Bucket(requests: Double(rate.burst), at: now)
            var bucket = buckets[principal.qualifiedID] ?? full
            bucket = Bucket(requests: Self.refilled(bucket, rate, now), at: max(bucket.at, now))
            let isAdmitted = bucket.requests >= 1
            if isAdmitted { bucket.requests -= 1 }
            buckets[principal.qualifiedID] = bucket
            return isAdmitted ? nil : .seconds((1 - bucket.requests) / Double(rate.requestsPerSecond))
        }
    }

    private static func refilled(_ bucket: Bucket, _ rate: RateLimits.Rate, _ now: Timestamp) -> Double {
        let seconds = Double(max((now - bucket.at).microseconds, 0)) / 1_000_000
        return min(bucket.requests + seconds * Double(rate.requestsPerSecond), Double(rate.burst))
    }
}
