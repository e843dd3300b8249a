import HoldingTenant
import RequirementTags
import SupportCases
import Testing
import WorkflowKit

@Suite(.requirement("D25", "D26", "D29", "D38")) struct AlertLifeTests {
    private func life(_ state: AlertLife.State, delivered: Bool = false) -> AlertLife {
        AlertLife(state: state, wasDelivered: delivered)
    }

    @Test func `raised, shown, viewed, submitted`() throws {
        var alert = AlertLife(popup: true)
        #expect(alert.state == .raised)
        #expect(alert.deliver() == .store)
        #expect(alert.state == .delivered)
        #expect(try alert.view().get() == .store)
        #expect(alert.state == .viewed)
        #expect(try alert.submit(fromDashboard: false).get() == .makeCase)
        #expect(alert.state == .caseSubmitted)
        #expect(try alert.submit(fromDashboard: false).get() == .returnCase, "a double click makes one case")
    }

    @Test(arguments: [AlertLife.State.raised, .delivered, .suppressed])
    func `without View the end user cannot submit, a dashboard can`(state: AlertLife.State) throws {
        var alert = life(state)
        #expect(throws: AlertLife.OutOfOrder.self) { try alert.submit(fromDashboard: false).get() }
        #expect(alert.state == state)
        #expect(try alert.submit(fromDashboard: true).get() == .makeCase)
    }

    @Test(arguments: [AlertLife.State.dismissed, .expired, .cleared])
    func `an alert that ended stays ended`(state: AlertLife.State) {
        var alert = life(state)
        #expect(!state.isOpen)
        #expect(throws: AlertLife.OutOfOrder.self) { try alert.view().get() }
        #expect(throws: AlertLife.OutOfOrder.self) { try alert.submit(fromDashboard: true).get() }
        #expect(alert.reconsider(popup: true) == .nothing)
        #expect(alert.deliver() == .nothing)
        #expect(alert.clear() == .nothing)
        #expect(alert.expire() == .nothing)
        #expect(alert.state == state)
    }

    @Test(arguments: AlertLife.State.allCases)
    func `only an alert with a case ends with its case`(state: AlertLife.State) {
        var alert = life(state)
        #expect(alert.caseEnded() == (state == .caseSubmitted ? .store : .nothing))
        #expect(alert.state == (state == .caseSubmitted ? .cleared : state))
    }

    @Test func `where pop-ups are off an alert is suppressed, and shown when they come on`() {
        var alert = AlertLife(popup: false)
        #expect(alert.state == .suppressed)
        #expect(throws: AlertLife.OutOfOrder.self) { try alert.view().get() }
        #expect(alert.reconsider(popup: true) == .popUp)
        #expect(alert.state == .raised)
        #expect(alert.reconsider(popup: false) == .store)
        #expect(alert.state == .suppressed)
    }

    @Test(.requirement("Q18")) func `a pop-up that was shown stays good when the PC moves to where they are off`()
        throws
    {
        var alert = life(.delivered, delivered: true)
        #expect(alert.reconsider(popup: false) == .nothing)
        #expect(try alert.view().get() == .store)
        #expect(try alert.submit(fromDashboard: false).get() == .makeCase)
        #expect(alert.wasDelivered)
    }

    @Test func `dismissing ends an alert, and clearing does not end its case`() throws {
        var alert = life(.delivered)
        #expect(try alert.dismiss().get() == .store)
        #expect(try alert.dismiss().get() == .nothing)
        var submitted = life(.caseSubmitted)
        #expect(submitted.clear() == .nothing)
        #expect(submitted.state == .caseSubmitted)
        #expect(throws: AlertLife.OutOfOrder.self) { try submitted.dismiss().get() }
        var open = life(.viewed)
        #expect(open.clear() == .store)
        #expect(open.state == .cleared)
    }

    @Test func `in any history there is at most one case, and none from the PC before View`() {
        var generator = SeededGenerator(seed: testSeed("alert histories"))
        for _ in 0..<2_000 {
            var alert = AlertLife(popup: Bool.random(using: &generator))
            var cases = 0
            var viewed = false
            for _ in 0..<20 {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: _ = alert.deliver()
                case 1: if case .success = alert.view() { viewed = true }
                case 2:
                    if case .success(.makeCase) = alert.submit(fromDashboard: false) {
                        cases += 1
                        #expect(viewed)
                    }
                case 3: if case .success(.makeCase) = alert.submit(fromDashboard: true) { cases += 1 }
                case 4: _ = alert.dismiss()
                case 5: _ = alert.clear()
                case 6: _ = alert.expire()
                default: _ = alert.reconsider(popup: Bool.random(using: &generator))
                }
            }
            #expect(cases <= 1)
        }
    }

    @Test func `the same fault is the same device, type and component`() {
        #expect(FaultKey(type: "a", kind: "SSD", slot: "M2-1") == FaultKey(type: "a", kind: "ssd", slot: "m2-1"))
        #expect(FaultKey(type: "a", kind: "SSD", slot: "M2-1") != FaultKey(type: "a", kind: "SSD", slot: "M2-2"))
        #expect(FaultKey(type: "a", kind: nil, slot: nil) != FaultKey(type: "b", kind: nil, slot: nil))
    }
}

@Suite(.requirement("Q10", "D25")) struct AlertCatalogueTests {
    @Test func `what is only for information never pops up and never makes a case`() {
        for type in AlertCatalogue.shipped.types.values {
            #expect(type.isShownToEndUsers == (type.severity != .info), "\(type.name)")
            if type.severity == .info { #expect(!type.isRepairable) }
        }
    }

    @Test(arguments: [
        ("battery-replace", "BATTERY_REPLACE", AlertType.Severity.high, true),
        ("storage-predicted-failure", "STORAGE_PREDICTED_FAILURE", .critical, true),
        ("thermal-fan-failure", "THERMAL_FAN_FAILURE", .high, true), ("memory-error", "MEMORY_ERROR", .high, true),
        ("os-crash", "OS_CRASH", .medium, false), ("bios-outdated", "BIOS_OUTDATED", .low, false),
        ("device-silent", "DEVICE_SILENT", .info, false),
    ])
    func `the shipped faults are known by both spellings`(
        name: String, capitals: String, severity: AlertType.Severity, isRepairable: Bool
    ) throws {
        let type = try #require(AlertCatalogue.shipped[name])
        #expect(AlertCatalogue.shipped[capitals] == type)
        #expect(type.severity == severity)
        #expect(type.isRepairable == isRepairable)
    }

    @Test func `a configuration replaces the catalogue`() throws {
        let catalogue = try AlertCatalogue(configuration: [
            ["type": "keyboard-stuck", "severity": "low", "repairable": true, "endUser": false]
        ])
        #expect(catalogue["keyboard-stuck"]?.isRepairable == true)
        #expect(catalogue["keyboard-stuck"]?.isShownToEndUsers == false)
        #expect(catalogue["battery-replace"] == nil)
    }

    @Test func `a configuration with faults is refused with each of them`() {
        let thrown = #expect(throws: JSONFieldErrors.self) {
            _ = try AlertCatalogue(configuration: [
                ["type": "Keyboard", "severity": "low"], ["type": "a", "severity": "urgent"],
                ["type": "a", "severity": "low"],
            ])
        }
        #expect(thrown?.fields.map(\.path) == ["alerts[0].type", "alerts[1].severity", "alerts[2].type"])
    }
}
