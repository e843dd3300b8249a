import BusinessHistory
import HoldingTenant
import Testing
import WorkflowKit

/// The methods of the business as clients were promised them: who may call, with which parameters, and what comes back.
@Suite struct MethodTableTests {
    struct Promise: Sendable, CustomTestStringConvertible {
        let name: String
        /// Kinds of callers; empty for anyone, with a session or without.
        let kinds: Set<PrincipalKind>
        /// A question mark behind those that may be left out.
        let params: String
        /// Members of the result that a client may read; a question mark behind those that may be absent.
        let result: String

        init(_ name: String, _ kinds: Set<PrincipalKind>, _ params: String, _ result: String) {
            self.name = name
            self.kinds = kinds
            self.params = params
            self.result = result
        }

        var testDescription: String { name }
    }

    private static let page = "limit? cursor?"
    private static let items = "items nextCursor"
    private static let partner = "partnerId name tracks routing? csdpAccount?"
    private static let report = "reportId status counts acknowledgements"
    private static let device = "serial productNumber? entitlement place since reportedBy? endCustomer?"
    private static let alert = "alertId serial type state"
    private static let repair = "caseId state routedTo csdpAccount? reference? serial alertId schedule? history"
    private static let support = "requestId state serials messages"
    private static let uploaders: Set<PrincipalKind> = [.reporter, .admin, .customer, .partner]
    private static let caseReaders: Set<PrincipalKind> = [.device, .partner, .customer, .support, .admin]

    static let table: [Promise] = [
        Promise("partner.create", [.admin], "partnerId name csdpAccount?", partner),
        Promise("partner.get", [.admin, .partner], "partnerId?", partner),
        Promise("partner.configure", [.partner, .admin], "csdpAccount? routing?", partner),
        Promise("learner.put", [.admin, .university], "learnerId homePage partnerId", ""),
        Promise("course.complete", [.university], "statement? webhook?", "outcome reason? partnerId? track? runId?"),
        Promise(
            "tenant.get", [.partner, .admin], "partnerId?",
            "partnerId status createdAt? unassignedVisible unassignedCount"),
        Promise(
            "report.submit", [.reporter, .admin], "format content? uploadId? name?", "reportId runId status"),
        Promise("report.get", [.reporter, .admin], "reportId waitMs?", report),
        Promise("report.lines", [.reporter, .admin], "reportId outcome? \(page)", items),
        Promise("report.list", [.reporter, .admin], page, items),
        Promise("upload.begin", uploaders, "bytes sha256", "uploadId received"),
        Promise("upload.append", uploaders, "uploadId offset data", "uploadId received"),
        Promise("upload.status", uploaders, "uploadId", "uploadId received"),
        Promise("device.list", [.partner, .customer, .admin], "place? search? \(page)", items),
        Promise("device.get", [.partner, .customer, .device, .support, .admin], "serial productNumber?", device),
        Promise("device.trace", [.partner, .support, .admin], "serials", "items"),
        Promise(
            "device.transfer", [.partner, .admin],
            "serials? uploadId? from to possessionConfirmed mode? dryRun?", "transferId? runId? moved refused"),
        Promise("device.undoTransfer", [.partner, .admin], "transferId", "transferId? runId? moved refused"),
        Promise("device.enroll", [.device, .customer], "cpin serial productNumber?", "customerId firstCovered"),
        Promise(
            "device.enrollMany", [.customer, .partner], "customerId serials? uploadId?", "runId? accepted refused"),
        Promise("customer.create", [.partner], "name admin address? plan", "customerId status invitation"),
        Promise("customer.accept", [], "invitation", "customerId token"),
        Promise("customer.list", [.partner, .customer, .admin], page, items),
        Promise(
            "customer.get", [.partner, .customer, .admin], "customerId", "customerId name status plan devices"),
        Promise("customer.cpin", [.partner, .customer], "customerId rotate?", "cpin"),
        Promise(
            "customer.settings", [.partner, .customer], "customerId", "selfServiceAlerts firstCoveredAt? warning?"),
        Promise(
            "customer.configure", [.partner, .customer], "customerId selfServiceAlerts?",
            "selfServiceAlerts firstCoveredAt? warning?"),
        Promise("alert.raise", [.device, .admin], "serial type component? evidence?", "alertId state popup"),
        Promise("alert.list", caseReaders, "serial? state? \(page)", items),
        Promise("alert.view", [.device], "alertId", "alert form"),
        Promise("alert.dismiss", [.device], "alertId", alert),
        Promise("alert.clear", [.device, .admin], "alertId", alert),
        Promise(
            "repair.submit", [.device, .partner, .customer], "alertId contact address? note?",
            "caseId routedTo created"),
        Promise("repair.list", caseReaders, page, items),
        Promise("repair.get", caseReaders, "caseId", repair),
        Promise("repair.accept", caseReaders, "caseId", repair),
        Promise("repair.schedule", caseReaders, "caseId at until?", repair),
        Promise("repair.start", caseReaders, "caseId", repair),
        Promise("repair.resolve", caseReaders, "caseId code notes", repair),
        Promise("repair.reject", caseReaders, "caseId reason", repair),
        Promise("repair.cancel", caseReaders, "caseId", repair),
        Promise("repair.close", caseReaders, "caseId", repair),
        Promise("repair.recordOrder", [.partner], "caseId orderNumber serial orderedAt", repair),
        Promise("support.open", [.partner, .customer], "category subject serials? evidence?", "requestId state"),
        Promise("support.get", [.partner, .customer, .support, .admin], "requestId", support),
        Promise("support.list", [.partner, .customer, .support, .admin], page, items),
        Promise("support.requestInfo", [.support], "requestId message", support),
        Promise("support.reply", [.partner, .customer], "requestId message? serials?", support),
        Promise("support.resolve", [.support], "requestId resolution outcomes?", support),
        Promise("support.close", [.partner, .customer], "requestId", support),
        Promise("support.reopen", [.partner, .customer], "requestId", support),
        Promise("support.attribute", [.support], "requestId serial partnerId", support),
    ]

    private static let methods: [String: AnyRPCMethod] = {
        let methods = Business.plugins(runs: LateRunLauncher()).flatMap(\.methods)
        return Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0) })
    }()

    @Test(arguments: table) func `the method is there as it was promised`(promise: Promise) throws {
        let method = try #require(Self.methods[promise.name])
        let admits = Set(PrincipalKind.allCases.filter { method.access.admits($0) })
        #expect(admits == (promise.kinds.isEmpty ? Set(PrincipalKind.allCases) : promise.kinds))
        #expect(method.access.admits(nil) == promise.kinds.isEmpty)

        let params = Self.members(method.params)
        let promised = Self.members(promise.params)
        // More may be optional, nothing more may be needed.
        #expect(params.filter { $0.value }.keys.sorted() == promised.filter { $0.value }.keys.sorted())
        #expect(Set(promised.keys).subtracting(params.keys) == [])

        let result = Self.members(method.result)
        for (member, isRequired) in Self.members(promise.result) {
            #expect(result[member] != nil, "\(member)")
            if isRequired { #expect(result[member] == true, "\(member)") }
        }
    }

    @Test func `every other method of the business is known here`() {
        let more: Set<String> = ["customer.invite", "text.list"]
        #expect(Set(Self.methods.keys).subtracting(Self.table.map(\.name)) == more)
    }

    /// The members of an object's schema, and whether they are required.
    private static func members(_ schema: JSONSchema) -> [String: Bool] {
        guard case .object(let members) = schema else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.isRequired) })
    }

    private static func members(_ text: String) -> [String: Bool] {
        Dictionary(
            uniqueKeysWithValues: text.split(separator: " ").map { word in
                word.hasSuffix("?") ? (String(word.dropLast()), false) : (String(word), true)
            })
    }
}
