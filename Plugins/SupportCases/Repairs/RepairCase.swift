package import HoldingTenant

/// The life of one repair case: which step follows which, and who may take it.
///
///     pending-csdp-link ──link──▶ submitted ──accept──▶ accepted ──schedule──▶ scheduled ──start──▶ in-repair
///                                     │                    │  ▲                   │  ▲ ▲               │
///                                   reject               reject│ ask, answer      │  │ └─ schedule      │ resolve
///                                     ▼                    ▼  ▼                   ▼  │                  ▼
///                                  rejected            awaiting-customer ◀────────┘              resolved ──close──▶ closed
package struct RepairCase: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case pendingCSDPLink = "pending-csdp-link"
        case submitted
        case accepted
        case scheduled
        case inRepair = "in-repair"
        case awaitingCustomer = "awaiting-customer"
        case resolved
        case closed
        case rejected
        case cancelled

        package var isFinal: Bool {
            switch self {
            case .closed, .rejected, .cancelled: true
            case .pendingCSDPLink, .submitted, .accepted, .scheduled, .inRepair, .awaitingCustomer, .resolved: false
            }
        }
    }

    package enum Step: String, Hashable, Sendable, CaseIterable {
        /// The partner has linked its CSDP account.
        case link
        case accept
        case schedule
        case start
        /// The handler needs something from the customer.
        case ask
        /// The customer has answered.
        case answer
        case resolve
        case reject
        case cancel
        case close
    }

    /// Who takes a step.
    package enum Actor: Hashable, Sendable {
        case party(CaseParty)
        /// The server itself, when a time has passed or an account was linked.
        case server
    }

    package enum Refusal: Error, Hashable, Sendable {
        /// The step belongs to somebody else.
        case notYours(CaseParty)
        /// The state does not allow the step; the steps that it allows.
        case outOfOrder(State, allowed: [Step])

        /// One sentence for whoever called.
        package var message: String {
            switch self {
            case .notYours(let party):
                return
                    "This step is up to \(party == .hpCustomerSupport ? "HP customer support" : "the \(party.rawValue)")."
            case .outOfOrder(.pendingCSDPLink, _):
                return "The case waits until the partner has linked its CSDP account."
            case .outOfOrder(let state, let allowed):
                let steps = allowed.map(\.rawValue).joined(separator: ", ")
                return "The case is \(state.rawValue)" + (steps.isEmpty ? "." : "; possible now: \(steps).")
            }
        }
    }

    package private(set) var state: State
    /// Who schedules and repairs: HP customer support or the partner.
    package let handler: CaseParty

    /// A case that is submitted now.
    package init(destination: CaseDestination, handler: CaseParty) {
        state = destination == .pendingCSDPLink ? .pendingCSDPLink : .submitted
        self.handler = handler
    }

    /// A case that was stored before.
    package init(state: State, handler: CaseParty) {
        self.state = state
        self.handler = handler
    }

    /// A resolved case is closed by the server after this time, unless its submitter closes it first.
    package static let closesAfter = Duration.seconds(14 * 86_400)
    /// How long a case may stand without being accepted before its handler is reminded; then again, and again.
    package static let reminders: [Duration] = [.seconds(4 * 3_600), .seconds(86_400), .seconds(3 * 86_400)]

    /// Takes a step, or says why not.
    package mutating func take(_ step: Step, by actor: Actor) -> Result<State, Refusal> {
        if let owner = refusedOwner(step, actor) { return .failure(.notYours(owner)) }
        guard let next = Self.next(state, step) else {
            return .failure(.outOfOrder(state, allowed: Step.allCases.filter { Self.next(state, $0) != nil }))
        }
        state = next
        return .success(next)
    }

    /// Whose step it is, if it is not the actor's.
    private func refusedOwner(_ step: Step, _ actor: Actor) -> CaseParty? {
        switch (step, actor) {
        case (.link, .server), (.close, .server), (.answer, .server): nil
        case (.close, .party(.submitter)), (.answer, .party(.submitter)): nil
        case (.close, _), (.answer, _): .submitter
        case (.link, _): .partner
        case (_, .party(handler)): nil
        case (_, _): handler
        }
    }

    private static func next(_ state: State, _ step: Step) -> State? {
        switch (state, step) {
        case (.pendingCSDPLink, .link): .submitted
        case (.submitted, .accept): .accepted
        case (.accepted, .schedule), (.scheduled, .schedule): .scheduled
        case (.scheduled, .start): .inRepair
        case (.accepted, .ask), (.scheduled, .ask): .awaitingCustomer
        case (.awaitingCustomer, .answer): .accepted
        case (.inRepair, .resolve): .resolved
        case (.resolved, .close): .closed
        case (.submitted, .reject), (.accepted, .reject): .rejected
        case (.pendingCSDPLink, .cancel), (.submitted, .cancel), (.accepted, .cancel), (.scheduled, .cancel),
            (.awaitingCustomer, .cancel):
            .cancelled
        default: nil
        }
    }
}
