/// How long an invitation waits for the customer; a value of the wiring.
package struct InvitationPeriods: Hashable, Sendable {
    /// When the partner is reminded that the customer has not accepted, counted from the invitation.
    package var reminders: [Duration]
    /// When the invitation ends.
    package var lasts: Duration

    package init(reminders: [Duration], lasts: Duration) {
        self.reminders = reminders
        self.lasts = lasts
    }

    package static let shipped = InvitationPeriods(
        reminders: CustomerAccess.reminders, lasts: CustomerAccess.invitationLasts)
}
