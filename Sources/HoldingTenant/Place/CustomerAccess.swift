package import WorkflowKit

/// A partner's access to a customer's dashboard: from the invitation to its acceptance, and off and on again.
///
///     invited ──accept──▶ accepted ◀──enable──▶ disabled
///        ▲                                        │
///        └─────────── enable, never accepted ─────┘
package struct CustomerAccess: Hashable, Sendable {
    package private(set) var status: CustomerStatus
    /// When the customer's IT admin accepted; `nil` until then. It stays when the access is disabled.
    package private(set) var acceptedAt: Timestamp?
    /// When the last invitation was sent.
    package private(set) var invitedAt: Timestamp

    package init(invitedAt: Timestamp) {
        status = .invited
        acceptedAt = nil
        self.invitedAt = invitedAt
    }

    /// An access that was stored before.
    package init(status: CustomerStatus, acceptedAt: Timestamp?, invitedAt: Timestamp) {
        self.status = status
        self.acceptedAt = acceptedAt
        self.invitedAt = invitedAt
    }

    package enum Refusal: Error, Hashable, Sendable {
        /// The invitation was accepted before; its text works once.
        case alreadyAccepted
        /// The partner disabled the access.
        case disabled
        /// The invitation is older than ``CustomerAccess/invitationLasts``; the partner can send a new one.
        case expired
    }

    /// How long the text of an invitation can be used.
    package static let invitationLasts = Duration.seconds(30 * 86_400)
    /// When the customer is reminded of an invitation that it has not accepted, counted from the invitation.
    package static let reminders: [Duration] = [3, 10, 24].map { .seconds($0 * 86_400) }

    package mutating func accept(at time: Timestamp) -> Result<Void, Refusal> {
        switch status {
        case .accepted:
            return .failure(.alreadyAccepted)
        case .disabled:
            return .failure(acceptedAt == nil ? .disabled : .alreadyAccepted)
        case .invited:
            guard time < invitedAt + Self.invitationLasts else { return .failure(.expired) }
            status = .accepted
            acceptedAt = time
            return .success(())
        }
    }

    package mutating func disable() {
        status = .disabled
    }

    /// An access that was accepted before is accepted at once; another one waits for its acceptance again.
    package mutating func enable(at time: Timestamp) {
        guard status == .disabled else { return }
        status = acceptedAt == nil ? .invited : .accepted
        if acceptedAt == nil { invitedAt = time }
    }

    /// A new invitation replaces the one that was not accepted.
    package mutating func inviteAgain(at time: Timestamp) -> Result<Void, Refusal> {
        switch status {
        case .accepted: return .failure(.alreadyAccepted)
        case .disabled: return .failure(.disabled)
        case .invited:
            invitedAt = time
            return .success(())
        }
    }

    /// What cannot be done while the customer has not accepted, or is disabled; the words are those on the wire.
    package enum Blocked: String, Hashable, Sendable, CaseIterable {
        case details
        case cpin
        case transfer
        case enrolment
        case settings
    }

    package var blocked: [Blocked] {
        status == .accepted ? [] : Blocked.allCases
    }
}
