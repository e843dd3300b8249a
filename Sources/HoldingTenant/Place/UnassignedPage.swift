package import WorkflowKit

/// Whether a partner sees the page Unassigned Devices.
///
/// It appears with the first PC that was transferred and stays when it is empty again, so that "nothing is left" can be
/// told from "nothing was transferred yet".
package struct UnassignedPage: Hashable, Sendable {
    /// When the first PC came into the holding tenant; `nil` until then.
    package private(set) var firstTransferAt: Timestamp?

    package init(firstTransferAt: Timestamp?) {
        self.firstTransferAt = firstTransferAt
    }

    package var isVisible: Bool { firstTransferAt != nil }

    package enum TransferAction: Hashable, Sendable {
        /// Store the moment: the page is there from now on.
        case appear
        case nothing
    }

    /// A PC came into the holding tenant.
    package mutating func transferred(at time: Timestamp) -> TransferAction {
        guard firstTransferAt == nil else { return .nothing }
        firstTransferAt = time
        return .appear
    }
}
