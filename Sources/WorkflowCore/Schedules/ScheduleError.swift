/// What is wrong with a schedule, told so that its author can mend it.
package struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Field: String, Sendable {
        case cron
        case timeZone
        case everyMs
    }

    package let field: Field
    /// The rest of a sentence that begins with the name of the field.
    package let message: String

    package init(_ field: Field, _ message: String) {
        self.field = field
        self.message = message
    }

    package var description: String { "\(field.rawValue) \(message)" }
}
