/// One of the five fields of a cron expression: which numbers it allows.
struct CronField {
    let name: String
    let range: ClosedRange<Int>
    /// Names of the numbers from the first of ``range`` on, in lower case.
    let names: [String]

    static let minute = CronField(name: "minute", range: 0...59, names: [])
    static let hour = CronField(name: "hour", range: 0...23, names: [])
    static let dayOfMonth = CronField(name: "day of the month", range: 1...31, names: [])
    static let month = CronField(
        name: "month", range: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    /// 7 is Sunday as well as 0.
    static let dayOfWeek = CronField(
        name: "day of the week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    /// The numbers that `text` stands for, one bit each.
    func numbers(_ text: Substring) throws(ScheduleError) -> UInt64 {
        var numbers: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) { numbers |= try self.part(part) }
        return numbers
    }

    /// One element of a list: `*`, `5`, `1-5`, each with or without `/2`.
    private func part(_ text: Substring) throws(ScheduleError) -> UInt64 {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count <= 2, let base = pieces.first, !base.isEmpty else { throw unreadable(text) }
        let step = pieces.count == 2 ? try self.step(pieces[1]) : 1
        let bounds = base.split(separator: "-", omittingEmptySubsequences: false)
        let first: Int
        let last: Int
        switch (bounds.count, base) {
        case (_, "*"):
            // Of the day of the week, 7 is 0 again.
            (first, last) = (range.lowerBound, self.names.count == 7 ? 6 : range.upperBound)
        case (1, _):
            first = try number(base)
            last = pieces.count == 2 ? range.upperBound : first
        case (2, _):
            (first, last) = (try number(bounds[0]), try number(bounds[1]))
            guard first <= last else {
                throw ScheduleError(
                    .cron, "has a range \"\(base)\" for the \(name) that ends before it begins: write it as two")
            }
        default: throw unreadable(text)
        }
        return stride(from: first, through: last, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private func step(_ text: Substring) throws(ScheduleError) -> Int {
        guard let step = digits(text), step >= 1, step <= range.upperBound else {
            throw ScheduleError(
                .cron, "has a step \"\(text)\" for the \(name) that is not between 1 and \(range.upperBound)")
        }
        return step
    }

    private func number(_ text: Substring) throws(ScheduleError) -> Int {
        if let index = names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
        guard let number = digits(text) else { throw unreadable(text) }
        guard range.contains(number) else {
            throw ScheduleError(
                .cron,
                "has \"\(text)\" for the \(name), which is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// Signs and spaces, which `Int` would read, are none.
    private func digits(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private func unreadable(_ text: Substring) -> ScheduleError {
        ScheduleError(.cron, "cannot be read: \"\(text)\" is nothing that can stand for the \(name)")
    }
}
