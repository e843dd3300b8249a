/// A day of the Gregorian calendar, for the names of partitions.
struct CalendarDay {
    let year: Int
    let month: Int
    let day: Int

    /// Howard Hinnant, chrono-compatible low-level date algorithms: civil_from_days.
    init(daysSince1970: Int32) {
        let shifted = Int(daysSince1970) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Eight digits: `20261124`.
    var digits: String {
        let digits = String(year * 10_000 + month * 100 + day)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
