/// Where a PC is. A PC that was reported and could not be transferred yet has no place.
package enum Place: Hashable, Sendable {
    /// The holding tenant of this partner; its page is named Unassigned Devices.
    case holdingTenant(PartnerID)
    /// The dashboard of this customer.
    case dashboard(CustomerID)

    package var partner: PartnerID? {
        if case .holdingTenant(let partner) = self { partner } else { nil }
    }

    package var customer: CustomerID? {
        if case .dashboard(let customer) = self { customer } else { nil }
    }
}

/// Whether a partner may work in a customer's dashboard.
package enum CustomerStatus: String, Hashable, Sendable {
    /// The customer's IT admin has not accepted yet: no details, no PIN, no transfers.
    case invited
    case accepted
    case disabled
}

/// What the rules need to know of a customer.
package struct CustomerFacts: Hashable, Sendable {
    package let customer: CustomerID
    /// The partner that the customer is linked to; `nil` if it manages itself.
    package let partner: PartnerID?
    package let status: CustomerStatus

    package init(customer: CustomerID, partner: PartnerID?, status: CustomerStatus) {
        self.customer = customer
        self.partner = partner
        self.status = status
    }
}
