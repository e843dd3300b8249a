/// How long things wait for somebody, in the order in which it happens; a value of the wiring.
///
/// A run is told its periods when it starts and keeps them, whatever a later release ships.
package struct LifePeriods: Hashable, Sendable {
    /// When whoever should accept a case is reminded, counted from its submission.
    package var caseReminders: [Duration]
    /// How long a resolved case waits for its submitter before it is closed.
    package var caseCloses: Duration
    /// When the opener of a request is reminded that HP waits for an answer, counted from the question.
    package var requestReminders: [Duration]
    /// How long a request waits for its opener's answer before it is resolved.
    package var requestWaits: Duration
    /// How long a resolved request waits for its opener before it is closed.
    package var requestCloses: Duration
    /// How long an alert waits for the end user.
    package var alertLasts: Duration

    package init(
        caseReminders: [Duration], caseCloses: Duration, requestReminders: [Duration], requestWaits: Duration,
        requestCloses: Duration, alertLasts: Duration
    ) {
        self.caseReminders = caseReminders
        self.caseCloses = caseCloses
        self.requestReminders = requestReminders
        self.requestWaits = requestWaits
        self.requestCloses = requestCloses
        self.alertLasts = alertLasts
    }

    package static let shipped = LifePeriods(
        caseReminders: RepairCase.reminders, caseCloses: RepairCase.closesAfter,
        requestReminders: SupportRequest.reminders, requestWaits: SupportRequest.waitsFor,
        requestCloses: SupportRequest.closesAfter, alertLasts: AlertLife.lasts)
}

/// What a step tells the run that watches over the life of a case or a request: the state that it led to.
struct LifeMoved: Codable, Sendable {
    static let signal = "moved"
    var state: String
}
