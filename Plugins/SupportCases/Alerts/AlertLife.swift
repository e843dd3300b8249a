/// The life of one alert: what may happen to it, and what is to be done then.
///
///                deliver            view               submit
///     raised ───────────▶ delivered ─────▶ viewed ─────────────▶ case-submitted
///       │ ▲                                   submit from a dashboard: from any open state
///       ▼ │ the pop-up is off, on
///     suppressed            open states also end as dismissed, cleared or expired
package struct AlertLife: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case raised
        /// The pop-up was shown.
        case delivered
        /// The end user clicked View.
        case viewed
        case caseSubmitted = "case-submitted"
        case dismissed
        case expired
        /// The fault is gone.
        case cleared
        /// Not shown, because pop-ups are off where the PC is; the dashboard handles it.
        case suppressed

        /// Whether the same fault, raised again, updates this alert instead of making a new one.
        package var isOpen: Bool {
            switch self {
            case .raised, .delivered, .viewed, .suppressed, .caseSubmitted: true
            case .dismissed, .expired, .cleared: false
            }
        }
    }

    package private(set) var state: State
    /// Whether the pop-up was ever shown; kept when the PC moves to where pop-ups are off.
    package private(set) var wasDelivered: Bool

    /// A new alert.
    package init(popup: Bool) {
        state = popup ? .raised : .suppressed
        wasDelivered = false
    }

    /// An alert that was stored before.
    package init(state: State, wasDelivered: Bool) {
        self.state = state
        self.wasDelivered = wasDelivered
    }

    /// A step that the state does not allow.
    package struct OutOfOrder: Error, Hashable, Sendable {
        package let state: State
        package let step: String

        /// One sentence for whoever called.
        package var message: String {
            switch (step, state) {
            case ("submit", .raised), ("submit", .delivered):
                "The repair can be requested once View was clicked."
            default:
                "The alert is \(state.rawValue)."
            }
        }
    }

    package enum Action: Hashable, Sendable {
        case store
        /// Store, and show the pop-up on the PC.
        case popUp
        /// It was so before; nothing is to be done.
        case nothing
    }

    /// The same fault is reported again while the alert is open, or the PC came to a place with another switch.
    package mutating func reconsider(popup: Bool) -> Action {
        switch state {
        case .suppressed where popup:
            state = .raised
            return .popUp
        case .raised where !popup:
            state = .suppressed
            return .store
        // Who was shown the pop-up acts in good faith: the alert stays as it is.
        case .raised, .delivered, .viewed, .suppressed, .caseSubmitted, .dismissed, .expired, .cleared:
            return .nothing
        }
    }

    /// The PC has shown the pop-up.
    package mutating func deliver() -> Action {
        guard state == .raised else { return .nothing }
        state = .delivered
        wasDelivered = true
        return .store
    }

    /// The end user clicks View.
    package mutating func view() -> Result<Action, OutOfOrder> {
        switch state {
        case .raised, .delivered:
            state = .viewed
            wasDelivered = true
            return .success(.store)
        case .viewed, .caseSubmitted:
            return .success(.nothing)
        case .suppressed, .dismissed, .expired, .cleared:
            return .failure(OutOfOrder(state: state, step: "view"))
        }
    }

    package enum SubmitAction: Hashable, Sendable {
        case makeCase
        /// One alert has one case: the one that exists is the answer.
        case returnCase
    }

    /// A repair case is submitted: by the end user after View, or from a dashboard.
    package mutating func submit(fromDashboard: Bool) -> Result<SubmitAction, OutOfOrder> {
        switch state {
        case .caseSubmitted:
            return .success(.returnCase)
        case .viewed:
            state = .caseSubmitted
            return .success(.makeCase)
        case .raised, .delivered, .suppressed:
            guard fromDashboard else { return .failure(OutOfOrder(state: state, step: "submit")) }
            state = .caseSubmitted
            return .success(.makeCase)
        case .dismissed, .expired, .cleared:
            return .failure(OutOfOrder(state: state, step: "submit"))
        }
    }

    /// The end user closes the pop-up without View.
    package mutating func dismiss() -> Result<Action, OutOfOrder> {
        switch state {
        case .raised, .delivered, .viewed:
            state = .dismissed
            return .success(.store)
        case .dismissed:
            return .success(.nothing)
        case .caseSubmitted, .expired, .cleared, .suppressed:
            return .failure(OutOfOrder(state: state, step: "dismiss"))
        }
    }

    /// The fault is gone. A case that was made goes on: somebody has to look at the PC.
    package mutating func clear() -> Action {
        switch state {
        case .raised, .delivered, .viewed, .suppressed:
            state = .cleared
            return .store
        case .caseSubmitted, .dismissed, .expired, .cleared:
            return .nothing
        }
    }

    /// The case that was made of it is resolved or came to nothing: the same fault from now on is a new one.
    package mutating func caseEnded() -> Action {
        guard state == .caseSubmitted else { return .nothing }
        state = .cleared
        return .store
    }

    /// Nobody did anything for ``lasts``.
    package mutating func expire() -> Action {
        switch state {
        case .raised, .delivered, .viewed, .suppressed:
            state = .expired
            return .store
        case .caseSubmitted, .dismissed, .expired, .cleared:
            return .nothing
        }
    }

    /// How long an alert waits for somebody.
    package static let lasts = Duration.seconds(30 * 86_400)
}

/// Which alert a reported fault belongs to: one open alert for each device, type and component.
package struct FaultKey: Hashable, Sendable {
    package let type: String
    /// Kind and slot of the component, lower case; empty if the report names none.
    package let component: String

    package init(type: String, kind: String?, slot: String?) {
        self.type = type
        component = [kind, slot].compactMap { $0?.lowercased() }.joined(separator: "/")
    }
}
