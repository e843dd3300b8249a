import Foundation
import HoldingTenant
import WorkflowKit

/// Applies the next open entries of a report: reads all PCs they are about at once, judges one after the other in the
/// order of the file, and writes all at once.
struct ReportApplication {
    /// Entries of one transaction: large enough that statements cost little, small enough that others wait little.
    static let batch = 2_000

    let report: KeptReport
    let now: Timestamp
    let transaction: any Transaction
    private var devices: [KeptDevice] = []
    private var indexes: [String: [Int]] = [:]
    private var receiving = Set<String>()
    private var changes: [DeviceChange] = []
    private var covers: [DeviceBook.Cover] = []
    /// Partners into whose holding tenants PCs came, with their serial numbers.
    private var transferred: [String: [String]] = [:]
    /// PCs that were given back, with the partner that is told; those that a customer has stay there.
    private var returned: [(serial: String, partner: String, stays: Bool)] = []
    private var decided: [(item: Int64, words: LineOutcomes.Words)] = []

    private struct Entry {
        var item: Int64
        var line: Int?
        var kind: String
        var serial: SerialNumber
        var product: ProductNumber?
        var partner: PartnerID?
        var part: String?
        var tier: Tier?
        var isReplacement: Bool
        var soldOn: CalendarDate?
        var endCustomer: String?
    }

    init(_ report: KeptReport, at now: Timestamp, in transaction: any Transaction) {
        self.report = report
        self.now = now
        self.transaction = transaction
    }

    /// How many entries were applied; fewer than ``batch`` when there are no more.
    mutating func applyNext() async throws -> Int {
        let entries = try await next()
        guard !entries.isEmpty else { return 0 }
        let partners = Set(entries.compactMap(\.partner?.text))
        try await PartnerBook.holdCertifications(of: partners, in: transaction)
        receiving = try await PartnerBook.receiving(among: partners, at: now, in: transaction)
        try await load(entries)
        for entry in entries { decided.append((entry.item, judge(entry))) }
        try await DeviceBook.store(devices, changes: changes, at: now, in: transaction)
        try await DeviceBook.cover(covers, at: now, in: transaction)
        try await tell()
        try await close()
        return entries.count
    }

    private func next() async throws -> [Entry] {
        try await transaction.query(
            SQLStatement(
                """
                select item, line, kind, serial, product_number, partner_id, part, tier, is_replacement, sold_on,
                    end_customer
                from sell_through.report_item
                where report_id = $1 and outcome = 'open'
                order by item
                limit $2
                """, name: "NextOpenItems", .uuid(report.id), .int4(Self.batch.int32))
        ).map { row in
            guard let serial = SerialNumber(normalised: try row.text("serial")) else {
                throw SQLError(kind: .defect, message: "an open entry of a report has no serial number")
            }
            var soldOn: CalendarDate?
            if case .date(let day) = try row.value("sold_on") { soldOn = CalendarDate(utcDay: day) }
            return Entry(
                item: Int64(try row.int("item")), line: try row.intOrNull("line"), kind: try row.text("kind"),
                serial: serial, product: try row.textOrNull("product_number").flatMap { ProductNumber($0) },
                partner: try row.textOrNull("partner_id").flatMap { PartnerID($0) },
                part: try row.textOrNull("part"), tier: try row.textOrNull("tier").flatMap(Tier.init(rawValue:)),
                isReplacement: try row.bool("is_replacement"), soldOn: soldOn,
                endCustomer: try row.textOrNull("end_customer"))
        }
    }

    /// Locks the PCs that are known; those that are sold for the first time are written down at the end.
    private mutating func load(_ entries: [Entry]) async throws {
        let serials = Array(Set(entries.filter { $0.kind != "cover" }.map(\.serial.text))).sorted()
        guard !serials.isEmpty else { return }
        var known = try await DeviceBook.products(of: serials, in: transaction)
        var missing: [DeviceKey] = []
        for entry in entries where entry.kind == "sale" {
            let products = known[entry.serial.text] ?? []
            guard DeviceMatch(asking: entry.product, among: products) == .none else { continue }
            known[entry.serial.text, default: []].append(entry.product)
            missing.append(DeviceKey(serial: entry.serial, product: entry.product))
        }
        devices = try await DeviceBook.locked(serials, in: transaction)
        devices += try await DeviceBook.new(missing, in: transaction)
        for (index, device) in devices.enumerated() { indexes[device.serial, default: []].append(index) }
    }

    private mutating func judge(_ entry: Entry) -> LineOutcomes.Words {
        if entry.kind == "cover" {
            covers.append(
                DeviceBook.Cover(serial: entry.serial.text, part: entry.part ?? "", tier: entry.tier))
            return LineOutcomes.cover(tier: entry.tier)
        }
        let candidates = indexes[entry.serial.text] ?? []
        switch DeviceMatch(asking: entry.product, among: candidates.map { devices[$0].product }) {
        case .ambiguous:
            return LineOutcomes.ambiguous
        case .none:
            return LineOutcomes.words(ReturnRules.Verdict.nothingToWithdraw)
        case .one(let place):
            let index = candidates[place]
            return entry.kind == "sale" ? sell(entry, index) : giveBack(entry, index)
        }
    }

    private mutating func sell(_ entry: Entry, _ index: Int) -> LineOutcomes.Words {
        guard let partner = entry.partner else { return LineOutcomes.ambiguous }
        let claim = SaleRules.Claim(
            partner: partner, filer: report.filer, isReplacement: entry.isReplacement,
            partnerReceivesTransfers: receiving.contains(partner.text))
        let before = devices[index].record
        let verdict = devices[index].record.sell(claim)
        if devices[index].record != before || (devices[index].product == nil && entry.product != nil) {
            devices[index].isChanged = true
            if devices[index].product == nil { devices[index].product = entry.product }
            if before.sale != devices[index].record.sale {
                devices[index].soldOn = entry.soldOn
                devices[index].endCustomer = entry.endCustomer
            }
        }
        let what: String? =
            switch verdict {
            case .transfer, .correct(_, transfer: true): "transferred"
            case .keepPending: before.sale == nil ? "reported" : nil
            case .correct(_, transfer: false): "reported"
            case .alreadyAssigned: before.sale == nil ? "reported" : nil
            case .alreadyHeld: nil
            case .quarantine: before.quarantined.contains(partner) ? nil : "under-review"
            }
        if case .correct(let former, _) = verdict { note(entry, index, "withdrawn", former) }
        if let what {
            note(entry, index, what, partner)
            if what == "transferred" { transferred[partner.text, default: []].append(entry.serial.text) }
        }
        return LineOutcomes.words(verdict)
    }

    private mutating func giveBack(_ entry: Entry, _ index: Int) -> LineOutcomes.Words {
        let before = devices[index].record
        let partner = entry.kind == "cancel" ? nil : entry.partner
        let verdict = devices[index].record.giveBack(partner: partner, filer: report.filer)
        devices[index].isChanged = devices[index].isChanged || devices[index].record != before
        switch verdict {
        case .withdraw, .withdrawPending:
            if let former = before.sale?.partner {
                note(entry, index, "returned", former)
                returned.append((entry.serial.text, former.text, false))
            }
        case .notifyPartner(let holder):
            note(entry, index, "returned-while-assigned", holder)
            returned.append((entry.serial.text, holder.text, true))
        case .nothingToWithdraw, .quarantine:
            break
        }
        return LineOutcomes.words(verdict)
    }

    private mutating func note(_ entry: Entry, _ index: Int, _ what: String, _ partner: PartnerID) {
        let line = entry.line.map { " line \($0)" } ?? ""
        changes.append(
            DeviceChange(
                device: devices[index].id, what: what, reference: "report:\(report.id.uuidString.lowercased())\(line)",
                partner: partner.text))
    }

    private func tell() async throws {
        for (serial, partner, stays) in returned {
            try await transaction.emit(
                Event(
                    "device.returned", to: [.partner(partner)], at: now,
                    data: ["partnerId": .string(partner), "serial": .string(serial), "stays": .bool(stays)]))
        }
        guard !transferred.isEmpty else { return }
        try await TenantOpening.noteTransfer(transferred.keys.sorted(), at: now, in: transaction)
        for (partner, serials) in transferred.sorted(by: { $0.key < $1.key }) {
            try await transaction.emit(
                Event(
                    "device.transferred", to: [.partner(partner)], at: now,
                    data: [
                        "partnerId": .string(partner), "to": "unassigned", "count": .int(serials.count),
                        "serials": .array(serials.map(JSON.string)),
                    ]))
        }
    }

    private func close() async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update sell_through.report_item
                set outcome = decided.outcome, code = decided.code, message = decided.message
                from unnest($2::bigint[], $3::text[], $4::text[], $5::text[])
                    as decided (item, outcome, code, message)
                where report_item.report_id = $1 and report_item.item = decided.item
                """, name: "CloseItems", .uuid(report.id), .int8Array(decided.map(\.item)),
                .textArray(decided.map(\.words.outcome.rawValue)), .textArray(decided.map(\.words.code)),
                .textArray(decided.map(\.words.message))))
    }
}
