import HoldingTenant
import RequirementTags
import SupportCases
import Testing

@Suite(.requirement("D21", "D22", "D23", "D24", "D39")) struct SupportRequestTests {
    static let table: [(SupportRequest.State, SupportRequest.Step, SupportRequest.State)] = [
        (.open, .requestInfo, .awaitingInfo), (.awaitingInfo, .requestInfo, .awaitingInfo), (.open, .reply, .open),
        (.awaitingInfo, .reply, .open), (.open, .resolve, .resolved), (.awaitingInfo, .resolve, .resolved),
        (.resolved, .close, .closed), (.resolved, .reopen, .open), (.open, .cancel, .cancelled),
        (.awaitingInfo, .cancel, .cancelled),
    ]

    @Test func `every step in every state is allowed or refused as the table says`() {
        for state in SupportRequest.State.allCases {
            for step in SupportRequest.Step.allCases {
                let owner: SupportRequest.Actor = [.requestInfo, .resolve].contains(step) ? .support : .opener
                var request = SupportRequest(state: state)
                let expected = Self.table.first { $0.0 == state && $0.1 == step }?.2
                let result = request.take(step, by: owner)
                #expect(result == expected.map { .success($0) } ?? .failure(.outOfOrder(state)))
                #expect(request.state == expected ?? state)
                var others = SupportRequest(state: state)
                #expect(others.take(step, by: owner == .support ? .opener : .support) == .failure(.notYours))
            }
        }
    }

    @Test func `the list comes at once, or after HP has asked`() throws {
        var early = SupportRequest()
        #expect(SupportBranch(category: .unassignedDevicesMissing, isPageVisible: false) == .pageNotVisible)
        #expect(SupportBranch.pageNotVisible.asksForSerials(given: 0))
        #expect(!SupportBranch.pageNotVisible.asksForSerials(given: 2))
        #expect(try early.take(.resolve, by: .support).get() == .resolved)

        var late = SupportRequest()
        let branch = SupportBranch(category: .unassignedDevicesMissing, isPageVisible: true)
        #expect(branch == .pageIncomplete)
        #expect(!branch.asksForSerials(given: 0))
        #expect(try late.take(.requestInfo, by: .support).get() == .awaitingInfo)
        #expect(try late.take(.reply, by: .opener).get() == .open)
        #expect(try late.take(.resolve, by: .support).get() == .resolved)
        #expect(try late.take(.reopen, by: .opener).get() == .open)
        #expect(SupportBranch(category: .general, isPageVisible: true) == .general)
    }

    @Test func `the server resolves what nobody answers and closes what is resolved`() throws {
        var request = SupportRequest(state: .awaitingInfo)
        #expect(try request.take(.resolve, by: .server).get() == .resolved)
        #expect(try request.take(.close, by: .server).get() == .closed)
        #expect(request.take(.reopen, by: .opener) == .failure(.outOfOrder(.closed)))
    }

    @Test func `every serial number on the list has an outcome`() throws {
        var list = SerialList()
        let traced: (Result<SerialNumber, SerialProblem>) -> TraceRules.Answer = { reading in
            guard case .success(let serial) = reading else { return .init(.invalidSerial) }
            return serial.text == "5CG6081BCD" ? .init(.visible) : .init(.notReported)
        }
        #expect(list.add(["5CG6081BCD", "5cg6081bcf", "?", "5CG6081BCF"], trace: traced) == 3)
        #expect(list.add(["5CG6081BCD"], trace: traced) == 0)
        #expect(list.entries.map(\.outcome) == [.visible, .notReported, .invalidSerial])
        #expect(list.entries.map(\.raw) == ["5CG6081BCD", "5cg6081bcf", "?"])
        let changed = list.refresh { _ in .init(.visible) }
        #expect(changed.map(\.raw) == ["5cg6081bcf"])
        try list.decide("5CG6081BCF", .underReview).get()
        #expect(list.refresh { _ in .init(.visible) }.isEmpty, "what support decided stays")
        #expect(list.entries[1].outcome == .underReview)
        guard case .failure(.notListed) = list.decide("5CG6081BCG", .visible) else {
            Issue.record("an unlisted serial number was decided")
            return
        }
    }

    @Test(.requirement("Q12")) func `support cannot tell a partner that a PC is somebody else's`() {
        var list = SerialList()
        _ = list.add(["5CG6081BCD"]) { _ in .init(.notReported) }
        guard case .failure(.outcome) = list.decide("5CG6081BCD", .reportedForOtherPartner) else {
            Issue.record("the outcome was told")
            return
        }
        #expect(list.entries[0].outcome == .notReported)
    }
}
