import Foundation

/// A time zone of the IANA database, as the library's own copy of it has it.
package struct ScheduleZone: Hashable, Sendable {
    package let identifier: String
    private let zone: TimeZone

    /// - Parameter identifier: `Europe/Rome`, or `UTC`. Abbreviations such as `EST` are refused: they leave open whether
    ///   the clock is ever changed.
    package init(_ identifier: String) throws(ScheduleError) {
        let isFullName = identifier == "UTC" || (identifier.contains("/") && !identifier.contains(".."))
        guard isFullName, let zone = TimeZone(identifier: identifier) else {
            throw ScheduleError(
                .timeZone, "does not know \"\(identifier)\": name a zone of the IANA database, for example Europe/Rome")
        }
        self.identifier = identifier
        self.zone = zone
    }

    package static let utc = ScheduleZone(identifier: "UTC", zone: .gmt)

    private init(identifier: String, zone: TimeZone) {
        self.identifier = identifier
        self.zone = zone
    }

    /// How many seconds the clock is ahead of UTC at `second` since 1970.
    func offset(at second: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
    }

    /// No clock is set by more than a day; further away than this from a local time, read as UTC, nothing matters.
    private static let reach: Int64 = 26 * 3_600

    /// The second since 1970 at which the clock shows `local`, or more, for the first time.
    ///
    /// - Parameter local: What the clock shows, counted as if it were UTC.
    func firstMoment(showing local: Int64) -> Int64 {
        let (before, after) = (offset(at: local - Self.reach), offset(at: local + Self.reach))
        let candidates = before == after ? [before] : [before, after]
        let moments = candidates.map { local - $0 }.filter { $0 + offset(at: $0) == local }
        if let first = moments.min() { return first }
        // Left out: the clock is put forward somewhere in between.
        var (early, late) = (local - max(before, after) - 1, local - min(before, after))
        while late - early > 1 {
            let middle = early + (late - early) / 2
            if middle + offset(at: middle) >= local { late = middle } else { early = middle }
        }
        return late
    }
}
