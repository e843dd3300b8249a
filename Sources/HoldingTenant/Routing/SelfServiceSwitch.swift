package import WorkflowKit

/// The switch of one customer's dashboard that shows or hides pop-ups on the customer's PCs.
///
/// The first PC with Premium or Premium+ that was ever in the dashboard switches it on, exactly once. What is set
/// before that moment is accepted and lost; what is set after it stays.
///
///                 set(on/off)                 set(on/off)
///                  ┌────┐                      ┌────┐
///                  │    ▼    firstCovered      │    ▼
///     created ──▶ no covered PC yet ────────▶ had a covered PC
package struct SelfServiceSwitch: Hashable, Sendable {
    package private(set) var isOn: Bool
    /// When the first covered PC came; `nil` until then. It stays when the dashboard is emptied.
    package private(set) var firstCoveredAt: Timestamp?

    /// A new dashboard: on, because that is what the first covered PC will find anyway.
    package init() {
        isOn = true
        firstCoveredAt = nil
    }

    /// A switch that was stored before.
    package init(isOn: Bool, firstCoveredAt: Timestamp?) {
        self.isOn = isOn
        self.firstCoveredAt = firstCoveredAt
    }

    package enum SetAction: Hashable, Sendable {
        case store
        /// It is switched off before the first covered PC, which will switch it on again: tell the caller now.
        case storeAndWarn
        case nothing
    }

    /// The partner or the customer's IT admin turns the switch.
    package mutating func set(_ wanted: Bool) -> SetAction {
        let changes = isOn != wanted
        isOn = wanted
        if !wanted, firstCoveredAt == nil { return .storeAndWarn }
        return changes ? .store : .nothing
    }

    package enum CoveredAction: Hashable, Sendable {
        /// Remember the moment, and tell the partner how to switch it off again. `switchedOn` says whether it was off.
        case storeFirstCovered(switchedOn: Bool)
        case nothing
    }

    /// A covered PC was added, or a PC in the dashboard gained its cover. A PC without cover is never reported here.
    package mutating func coveredDevicePresent(at time: Timestamp) -> CoveredAction {
        guard firstCoveredAt == nil else { return .nothing }
        firstCoveredAt = time
        let wasOff = !isOn
        isOn = true
        return .storeFirstCovered(switchedOn: wasOff)
    }
}
