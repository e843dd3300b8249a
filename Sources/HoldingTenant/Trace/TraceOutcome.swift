/// Where a PC is on its way to the partner who asks for it, in one word.
package enum TraceOutcome: String, Hashable, Sendable, CaseIterable {
    /// On the Unassigned Devices page.
    case visible
    /// Reported for this partner, but not transferred; the detail says what it waits for.
    case reportedNotTransferred = "reported-not-transferred"
    /// HP looks into it; nothing more can be told.
    case underReview = "under-review"
    case notReported = "not-reported"
    /// Sold to this partner and given back.
    case returned
    case alreadyInCustomerDashboard = "already-in-customer-dashboard"
    case notEntitled = "not-entitled"
    case invalidSerial = "invalid-serial"
    case ambiguousProduct = "ambiguous-product"
    /// What only HP's operators are told; a partner reads ``underReview``.
    case reportedForOtherPartner = "reported-for-other-partner"
}

/// Derives the outcome of one serial number from what is known about it.
package enum TraceRules {
    /// What is known about one device, seen from the partner that asks.
    package struct DeviceFacts: Hashable, Sendable {
        /// Whose the PC is or was, seen from who asks.
        package enum Owner: Hashable, Sendable {
            /// The sale was attributed to the partner that asks.
            case asker
            case another
            /// Nobody reported a sale.
            case nobody
        }

        package var owner: Owner
        package var place: Place?
        /// The customer's dashboard is linked to the partner that asks.
        package var isInAskersDashboard = false
        /// Sold to the partner that asks and given back.
        package var wasReturned = false
        /// A claim for the partner that asks was kept aside because it contradicts another.
        package var hasQuarantinedClaim = false
        package var isCovered = false
        /// The partner that asks receives transfers now.
        package var askerReceivesTransfers = true

        package init(owner: Owner, place: Place?) {
            self.owner = owner
            self.place = place
        }
    }

    package enum Asker: Hashable, Sendable {
        case partner(PartnerID)
        /// HP's operators, who are told everything.
        case operators
    }

    package struct Answer: Hashable, Sendable {
        package let outcome: TraceOutcome
        /// A stable word: what a transfer waits for, or that a visible PC is not covered.
        package let detail: String?

        package init(_ outcome: TraceOutcome, detail: String? = nil) {
            self.outcome = outcome
            self.detail = detail
        }
    }

    /// - Parameter devices: every device with the serial number, and with the product number if one was asked for.
    package static func answer(
        serial: Result<SerialNumber, SerialProblem>, devices: [DeviceFacts], for asker: Asker
    ) -> Answer {
        guard case .success = serial else { return Answer(.invalidSerial) }
        // Devices of others must not make a question ambiguous: that would tell that they exist.
        let own = devices.filter {
            $0.owner == .asker || $0.hasQuarantinedClaim || $0.isInAskersDashboard || $0.wasReturned
        }
        switch asker {
        case .operators:
            guard devices.count < 2 else { return Answer(.ambiguousProduct) }
            return devices.first.map { answer($0, for: asker) } ?? Answer(.notReported)
        case .partner:
            guard own.count < 2 else { return Answer(.ambiguousProduct) }
            if let device = own.first { return answer(device, for: asker) }
            return devices.contains { $0.owner == .another } ? othersDevice : Answer(.notReported)
        }
    }

    /// What a partner is told about a PC that was reported for somebody else only.
    private static let othersDevice = Answer(.underReview)

    private static func answer(_ device: DeviceFacts, for asker: Asker) -> Answer {
        let isAskersOwn = device.owner == .asker || device.isInAskersDashboard
        if !isAskersOwn, device.owner == .another || device.hasQuarantinedClaim {
            if asker == .operators { return Answer(.reportedForOtherPartner) }
            // Who bought it after the return is not told.
            return device.wasReturned && !device.hasQuarantinedClaim ? Answer(.returned) : othersDevice
        }
        switch device.place {
        case .holdingTenant:
            return Answer(.visible, detail: device.isCovered ? nil : "not-entitled")
        case .dashboard:
            if device.isInAskersDashboard || asker == .operators { return Answer(.alreadyInCustomerDashboard) }
            return Answer(.underReview, detail: "enrolled-elsewhere")
        case nil:
            if device.wasReturned { return Answer(.returned) }
            if device.owner == .nobody { return Answer(.notReported) }
            return Answer(
                .reportedNotTransferred,
                detail: device.askerReceivesTransfers ? "transfer-under-way" : "partner-not-certified")
        }
    }
}
