import HoldingTenant
import RequirementTags
import Testing
import WorkflowKit

@Suite(.requirement("Q15", "D18", "D20")) struct UnassignedPageTests {
    @Test func `the page appears with the first PC and stays`() {
        var page = UnassignedPage(firstTransferAt: nil)
        #expect(!page.isVisible)
        #expect(page.transferred(at: noon) == .appear)
        #expect(page.isVisible)
        #expect(page.transferred(at: noon + .seconds(1)) == .nothing)
        #expect(page.firstTransferAt == noon)
        #expect(UnassignedPage(firstTransferAt: noon).isVisible)
    }
}

@Suite(.requirement("D31", "D40", "C9")) struct CustomerAccessTests {
    private func isAccepted(_ result: Result<Void, CustomerAccess.Refusal>) -> Bool {
        if case .success = result { true } else { false }
    }

    private func refusal(_ result: Result<Void, CustomerAccess.Refusal>) -> CustomerAccess.Refusal? {
        if case .failure(let refusal) = result { refusal } else { nil }
    }

    @Test func `an invitation works once, and for thirty days`() {
        var access = CustomerAccess(invitedAt: noon)
        var late = access
        #expect(refusal(late.accept(at: noon + .seconds(30 * 86_400))) == .expired)
        #expect(late.status == .invited)
        #expect(isAccepted(late.inviteAgain(at: noon + .seconds(31 * 86_400))))
        #expect(isAccepted(late.accept(at: noon + .seconds(32 * 86_400))))
        #expect(isAccepted(access.accept(at: noon + .seconds(30 * 86_400 - 1))))
        #expect(access.status == .accepted)
        #expect(refusal(access.accept(at: noon)) == .alreadyAccepted)
        #expect(refusal(access.inviteAgain(at: noon)) == .alreadyAccepted)
    }

    @Test func `an accepted access that was disabled is accepted again at once`() {
        var access = CustomerAccess(invitedAt: noon)
        _ = access.accept(at: noon + .seconds(1))
        access.disable()
        #expect(access.status == .disabled)
        #expect(access.blocked == CustomerAccess.Blocked.allCases)
        access.enable(at: noon + .seconds(2))
        #expect(access.status == .accepted)
        #expect(access.acceptedAt == noon + .seconds(1))
    }

    @Test func `one that was never accepted waits again, with a new invitation`() {
        var access = CustomerAccess(invitedAt: noon)
        access.disable()
        #expect(refusal(access.accept(at: noon)) == .disabled)
        access.enable(at: noon + .seconds(5))
        #expect(access.status == .invited)
        #expect(access.invitedAt == noon + .seconds(5))
    }

    @Test func `a pending dashboard says what it blocks`() {
        var access = CustomerAccess(invitedAt: noon)
        #expect(access.blocked == [.details, .cpin, .transfer, .enrolment, .settings])
        _ = access.accept(at: noon)
        #expect(access.blocked.isEmpty)
        #expect(CustomerAccess.reminders == CustomerAccess.reminders.sorted())
        #expect(CustomerAccess.reminders.allSatisfy { $0 < CustomerAccess.invitationLasts })
    }
}
