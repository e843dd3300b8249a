import HoldingTenant
import RequirementTags
import ResellAndMonitor
import ServiceDelivery
import SupportCases
import Testing
import WorkflowKit

private let account = CSDPAccount(unchecked: "CSDP-0042")

@Suite(.requirement("D27", "D28")) struct RepairCaseTests {
    private let handlers: [CaseParty] = [ResellAndMonitor().handler, ServiceDelivery().handler]

    /// Which step leads where; anything else is out of order.
    static let table: [(RepairCase.State, RepairCase.Step, RepairCase.State)] = [
        (.pendingCSDPLink, .link, .submitted), (.submitted, .accept, .accepted), (.accepted, .schedule, .scheduled),
        (.scheduled, .schedule, .scheduled), (.scheduled, .start, .inRepair), (.inRepair, .resolve, .resolved),
        (.resolved, .close, .closed), (.submitted, .reject, .rejected), (.accepted, .reject, .rejected),
        (.accepted, .ask, .awaitingCustomer), (.scheduled, .ask, .awaitingCustomer),
        (.awaitingCustomer, .answer, .accepted), (.pendingCSDPLink, .cancel, .cancelled),
        (.submitted, .cancel, .cancelled), (.accepted, .cancel, .cancelled), (.scheduled, .cancel, .cancelled),
        (.awaitingCustomer, .cancel, .cancelled),
    ]

    private func owner(_ step: RepairCase.Step, _ handler: CaseParty) -> RepairCase.Actor {
        switch step {
        case .link: .server
        case .close, .answer: .party(.submitter)
        case .accept, .schedule, .start, .ask, .resolve, .reject, .cancel: .party(handler)
        }
    }

    @Test func `every step in every state is allowed or refused as the table says`() throws {
        for handler in handlers {
            for state in RepairCase.State.allCases {
                for step in RepairCase.Step.allCases {
                    var repair = RepairCase(state: state, handler: handler)
                    let expected = Self.table.first { $0.0 == state && $0.1 == step }?.2
                    let result = repair.take(step, by: owner(step, handler))
                    if let expected {
                        #expect(try result.get() == expected)
                        #expect(repair.state == expected)
                    } else {
                        let allowed = Self.table.filter { $0.0 == state }.map(\.1)
                        #expect(
                            result
                                == .failure(
                                    .outOfOrder(state, allowed: RepairCase.Step.allCases.filter(allowed.contains))))
                        #expect(repair.state == state)
                    }
                }
            }
        }
    }

    @Test func `HP takes the steps for resell-and-monitor, the partner for service-delivery, nobody else`() {
        let steps: [RepairCase.Step] = [.accept, .schedule, .start, .resolve, .reject, .cancel]
        for handler in handlers {
            for other in CaseParty.allCases where other != handler {
                for step in steps {
                    var repair = RepairCase(state: .submitted, handler: handler)
                    #expect(repair.take(step, by: .party(other)) == .failure(.notYours(handler)))
                    #expect(repair.state == .submitted)
                }
            }
        }
    }

    @Test func `only the submitter closes, or the server after a time`() throws {
        var repair = RepairCase(state: .resolved, handler: .partner)
        #expect(repair.take(.close, by: .party(.partner)) == .failure(.notYours(.submitter)))
        #expect(try repair.take(.close, by: .server).get() == .closed)
        #expect(RepairCase.closesAfter == .seconds(14 * 86_400))
    }

    @Test(.requirement("Q3"))
    func `a case without a CSDP account is held, cannot be accepted, and is handed on with the account`() throws {
        let type = ServiceDelivery()
        let partner = PartnerProfile(
            partner: PartnerID(unchecked: "1"), displayName: "Beta", certifications: [], chosenRouting: nil,
            csdpAccount: nil)
        var repair = RepairCase(destination: type.destination(for: partner), handler: type.handler)
        #expect(repair.state == .pendingCSDPLink)
        guard case .failure(.outOfOrder(.pendingCSDPLink, let allowed)) = repair.take(.accept, by: .party(.partner))
        else {
            Issue.record("a held case was accepted")
            return
        }
        #expect(allowed == [.link, .cancel])
        #expect(repair.take(.link, by: .party(.partner)) == .failure(.notYours(.partner)))
        #expect(try repair.take(.link, by: .server).get() == .submitted)
        #expect(RepairCase(destination: .csdp(account), handler: .partner).state == .submitted)
        #expect(RepairCase(destination: .hpCustomerSupport, handler: .hpCustomerSupport).state == .submitted)
    }

    @Test func `a final state allows nothing`() {
        for state in RepairCase.State.allCases where state.isFinal {
            #expect(!Self.table.contains { $0.0 == state })
        }
    }

    @Test func `refusals say what is possible`() {
        var repair = RepairCase(state: .submitted, handler: .partner)
        guard case .failure(let refusal) = repair.take(.start, by: .party(.partner)) else {
            Issue.record("started too early")
            return
        }
        #expect(refusal.message == "The case is submitted; possible now: accept, reject, cancel.")
    }
}

@Suite(.requirement("D28", "C3")) struct CSDPReferenceTests {
    private let submittedAt = Timestamp(microsecondsSince1970: 1_772_701_965_000_000)

    @Test func `references of one partner are all different and fit`() {
        var seen = Set<String>()
        for number in (1...5_000).map(Int64.init) + [99_999_999, 100_000_000, 9_999_999_999_999_999] {
            let reference = CSDPReference(initials: "RBSR", number: number)
            #expect(seen.insert(reference.text).inserted)
            #expect(reference.text.utf8.count <= 20)
            #expect(CSDPReference(reference.text) == reference)
        }
        #expect(CSDPReference(initials: "RB", number: 417).text == "RB00000417")
    }

    @Test(arguments: ["", "R1", "RBSRL1", "RB", "rb1", "RB-1", "RB12345678901234567890", "RBÀ1", "1RB"])
    func `anything else is no reference`(text: String) {
        #expect(CSDPReference(text) == nil)
    }

    @Test(arguments: [
        ("Rivenditore Beta srl", "RBS"), ("Distribuzione Alfa S.p.A.", "DASP"), ("Müller", "MUL"),
        ("Österreich IT", "OI"),
        ("3M", "MX"), ("東京", "XX"), ("", "XX"), ("A B C D E F", "ABCD"), ("X", "XX"),
    ])
    func `initials come from the name and are always two to four letters`(name: String, expected: String) {
        #expect(CSDPReference.initials(of: name) == expected)
        #expect(CSDPReference(CSDPReference(initials: expected, number: 1).text) != nil)
    }

    private func judge(
        _ order: String = "OR12345678", serial: String = "5CG6081BCD", orderedAfter seconds: Int = 60,
        recorded: [OrderRules.Recorded] = []
    ) -> Result<Bool, OrderRules.Refusal> {
        OrderRules.judge(
            orderNumber: order, serial: serial, orderedAt: submittedAt + .seconds(seconds), caseID: "c1",
            caseSerial: "5CG6081BCD", caseSubmittedAt: submittedAt, recorded: recorded)
    }

    @Test func `an order is taken once, and one that belongs elsewhere never`() {
        let own = OrderRules.Recorded(orderNumber: "OR12345678", caseID: "c1")
        let other = OrderRules.Recorded(orderNumber: "OR12345678", caseID: "c2")
        #expect(judge() == .success(true))
        #expect(judge(recorded: [own]) == .success(false))
        #expect(judge("OR99999999", recorded: [own]) == .failure(.alreadyOrdered))
        #expect(judge(recorded: [other]) == .failure(.anotherCase))
        #expect(judge(serial: "5CG6081BCF") == .failure(.anotherSerial))
        #expect(judge(orderedAfter: -301) == .failure(.tooOld))
        #expect(judge(orderedAfter: -300) == .success(true))
        #expect(judge("CM12345678") == .failure(.number))
        #expect(judge("OR") == .failure(.number))
    }
}
