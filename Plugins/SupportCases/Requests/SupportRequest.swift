/// The life of one support request: what its opener and HP's support may do, and in which order.
///
///             requestInfo              resolve            close
///     open ───────────────▶ awaiting-info ─────▶ resolved ─────▶ closed
///       ▲ ◀──── reply ─────────┘   ▲                │
///       └───────────── reopen ─────┼────────────────┘      open ──resolve──▶ resolved
package struct SupportRequest: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case open
        case awaitingInfo = "awaiting-info"
        case resolved
        case closed
        case cancelled
    }

    package enum Step: String, Hashable, Sendable, CaseIterable {
        case requestInfo = "request-info"
        /// A message or a list of serial numbers from the opener.
        case reply
        case resolve
        case close
        case reopen
        case cancel
    }

    package enum Actor: Hashable, Sendable {
        case opener
        case support
        /// The server itself, when a time has passed.
        case server
    }

    package enum Refusal: Error, Hashable, Sendable {
        case notYours
        case outOfOrder(State)
    }

    package private(set) var state: State

    /// A request that is opened now.
    package init() {
        state = .open
    }

    /// A request that was stored before.
    package init(state: State) {
        self.state = state
    }

    /// When the opener is reminded that HP waits for an answer, counted from the question.
    package static let reminders: [Duration] = [.seconds(3 * 86_400), .seconds(10 * 86_400)]
    /// A request without an answer is resolved by the server after this time; the opener can open it again.
    package static let waitsFor = Duration.seconds(30 * 86_400)
    /// A resolved request is closed by the server after this time.
    package static let closesAfter = Duration.seconds(14 * 86_400)

    package mutating func take(_ step: Step, by actor: Actor) -> Result<State, Refusal> {
        let owners: [Actor] =
            switch step {
            case .requestInfo: [.support]
            case .reply, .reopen, .cancel: [.opener]
            case .resolve: [.support, .server]
            case .close: [.opener, .server]
            }
        guard owners.contains(actor) else { return .failure(.notYours) }
        guard let next = Self.next(state, step) else { return .failure(.outOfOrder(state)) }
        state = next
        return .success(next)
    }

    private static func next(_ state: State, _ step: Step) -> State? {
        switch (state, step) {
        case (.open, .requestInfo), (.awaitingInfo, .requestInfo): .awaitingInfo
        case (.open, .reply), (.awaitingInfo, .reply): .open
        case (.open, .resolve), (.awaitingInfo, .resolve): .resolved
        case (.resolved, .close): .closed
        case (.resolved, .reopen): .open
        case (.open, .cancel), (.awaitingInfo, .cancel): .cancelled
        default: nil
        }
    }
}

/// Why a partner opens a request, and what it is asked for.
package enum SupportBranch: String, Hashable, Sendable {
    /// The page Unassigned Devices is not there at all: the list of serial numbers comes with the request.
    case pageNotVisible = "page-not-visible"
    /// The page is there, but PCs are missing on it: HP asks, and the list comes later.
    case pageIncomplete = "page-incomplete"
    /// Anything else.
    case general

    package init(category: SupportCategory, isPageVisible: Bool) {
        switch category {
        case .unassignedDevicesMissing: self = isPageVisible ? .pageIncomplete : .pageNotVisible
        case .general: self = .general
        }
    }

    /// Whether the answer asks for serial numbers at once. A request is opened without them all the same: an unhappy
    /// partner is not turned away for a missing list.
    package func asksForSerials(given count: Int) -> Bool {
        self == .pageNotVisible && count == 0
    }
}

package enum SupportCategory: String, Hashable, Sendable, CaseIterable {
    case unassignedDevicesMissing = "unassigned-devices-missing"
    case general
}
