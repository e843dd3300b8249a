import Foundation
import HoldingTenant
import WorkflowKit

/// Applies entries of a report that follow each other: reads all PCs they are about at once, judges one after the other
/// in the order of the file, and writes all at once, each entry with its outcome.
struct ReportApplication {
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
    private typealias Asked = ReportEntry.Asked

    /// How far one transaction got.
    struct Progress: Codable, Sendable {
        var entries: Int
        /// Entries that were judged.
        var applied: Int
    }

    init(_ report: KeptReport, at now: Timestamp, in transaction: any Transaction) {
        self.report = report
        self.now = now
        self.transaction = transaction
    }

    /// - Parameter count: how many entries of the report were written before.
    mutating func apply(_ entries: [ReportEntry], after count: Int) async throws -> Progress {
        let asked = entries.compactMap(\.asked)
        try await prepare(asked)
        var told = entries
        for index in told.indices {
            guard let asked = told[index].asked else { continue }
            told[index].item = told[index].item.decided(judge(asked, line: told[index].item.line))
        }
        if !asked.isEmpty {
            try await DeviceBook.store(devices, changes: changes, at: now, in: transaction)
            try await DeviceBook.cover(covers, at: now, in: transaction)
            try await tell()
        }
        try await ReportItems.insert(told, of: report.id, after: count, in: transaction)
        return Progress(entries: entries.count, applied: asked.count)
    }

    private mutating func prepare(_ entries: [Asked]) async throws {
        let partners = Set(entries.compactMap(\.partner?.text))
        if !partners.isEmpty {
            try await PartnerBook.holdCertifications(of: partners, in: transaction)
            receiving = try await PartnerBook.receiving(among: partners, at: now, in: transaction)
        }
        try await load(entries)
    }

    /// Locks the PCs that are known; those that are sold for the first time are written down at the end.
    private mutating func load(_ entries: [Asked]) async throws {
        let serials = Array(Set(entries.filter { $0.kind != .cover }.map(\.serial.text))).sorted()
        guard !serials.isEmpty else { return }
        devices = try await DeviceBook.locked(serials, in: transaction)
        var known: [String: [ProductNumber?]] = [:]
        for device in devices { known[device.serial, default: []].append(device.product) }
        var missing: [DeviceKey] = []
        for entry in entries where entry.kind == .sale {
            let products = known[entry.serial.text] ?? []
            guard DeviceMatch(asking: entry.product, among: products) == .none else { continue }
            known[entry.serial.text, default: []].append(entry.product)
            missing.append(DeviceKey(serial: entry.serial, product: entry.product))
        }
        devices += try await DeviceBook.new(missing, in: transaction)
        for (index, device) in devices.enumerated() { indexes[device.serial, default: []].append(index) }
    }

    private mutating func judge(_ entry: Asked, line: Int?) -> LineOutcomes.Words {
        if entry.kind == .cover {
            covers.append(
                DeviceBook.Cover(serial: entry.serial.text, part: entry.part?.text ?? "", tier: entry.tier))
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
            return entry.kind == .sale ? sell(entry, index, line) : giveBack(entry, index, line)
        }
    }

    private mutating func sell(_ entry: Asked, _ index: Int, _ line: Int?) -> LineOutcomes.Words {
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
        if case .correct(let former, _) = verdict { note(line, index, "withdrawn", former) }
        if let what {
            note(line, index, what, partner)
            if what == "transferred" { transferred[partner.text, default: []].append(entry.serial.text) }
        }
        return LineOutcomes.words(verdict)
    }

    private mutating func giveBack(_ entry: Asked, _ index: Int, _ line: Int?) -> LineOutcomes.Words {
        let before = devices[index].record
        let partner = entry.kind == .cancel ? nil : entry.partner
        let verdict = devices[index].record.giveBack(partner: partner, filer: report.filer)
        devices[index].isChanged = devices[index].isChanged || devices[index].record != before
        switch verdict {
        case .withdraw, .withdrawPending:
            if let former = before.sale?.partner {
                note(line, index, "returned", former)
                returned.append((entry.serial.text, former.text, false))
            }
        case .notifyPartner(let holder):
            note(line, index, "returned-while-assigned", holder)
            returned.append((entry.serial.text, holder.text, true))
        case .nothingToWithdraw, .quarantine:
            break
        }
        return LineOutcomes.words(verdict)
    }

    private mutating func note(_ line: Int?, _ index: Int, _ what: String, _ partner: PartnerID) {
        let place = line.map { " line \($0)" } ?? ""
        changes.append(
            DeviceChange(
                device: devices[index].id, what: what, reference: "report:\(report.id.uuidString.lowercased())\(place)",
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
}
