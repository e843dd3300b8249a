/// Decides what happens when a PC joins a customer's dashboard by the customer's PIN or by a list.
package enum EnrolmentRules {
    /// What the first partner, in whose holding tenant the PC was, sees of it afterwards.
    package enum PartnerView: Hashable, Sendable {
        /// The PC in the dashboard of its own customer.
        case ownCustomer
        /// Only that it was enrolled elsewhere; who has it is not told.
        case enrolledElsewhere
        /// Nothing changes for any partner.
        case nothing
    }

    package enum Outcome: Hashable, Sendable {
        /// The PC joins and leaves the place it was in.
        case join(leaving: Place?, partnerView: PartnerView)
        /// The PC is there already; the same enrolment again changes nothing.
        case alreadyThere
        case refuse(Refusal)
    }

    package enum Refusal: String, Hashable, Sendable {
        /// Unknown, or not visible to whoever listed it.
        case notFound = "not-found"
        /// The invitation is pending or the customer was disabled.
        case customerNotReady = "customer-not-ready"
    }

    /// A PC presents the PIN itself. Who holds the PC and knows the PIN has the right to enrol it: possession wins
    /// over what was reported.
    package static func enrolByPIN(from place: Place?, into customer: CustomerFacts) -> Outcome {
        guard customer.status == .accepted else { return .refuse(.customerNotReady) }
        switch place {
        case .dashboard(customer.customer):
            return .alreadyThere
        case .holdingTenant(let partner):
            return .join(leaving: place, partnerView: partner == customer.partner ? .ownCustomer : .enrolledElsewhere)
        case .dashboard, nil:
            return .join(leaving: place, partnerView: .nothing)
        }
    }

    /// A list of serial numbers proves no possession: only PCs in the holding tenant of the customer's own partner
    /// join. Everything else, known or not, gets the same refusal.
    package static func enrolByList(from place: Place?, into customer: CustomerFacts) -> Outcome {
        guard customer.status == .accepted else { return .refuse(.customerNotReady) }
        switch place {
        case .dashboard(customer.customer):
            return .alreadyThere
        case .holdingTenant(let partner) where partner == customer.partner:
            return .join(leaving: place, partnerView: .ownCustomer)
        case .holdingTenant, .dashboard, nil:
            return .refuse(.notFound)
        }
    }
}
