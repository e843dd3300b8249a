import Foundation
import HoldingTenant
import SellThrough

let catalogue = CarePackCatalogue(tiers: [CarePackPart("U04RYE")!: .premiumPlus])

/// A sample file of the repository.
func sample(_ name: String) -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Samples")
    guard let data = try? Data(contentsOf: folder.appending(path: name)) else {
        preconditionFailure("could not read the sample \"\(name)\"")
    }
    return Array(data)
}

func sampleText(_ name: String) -> String {
    String(decoding: sample(name), as: UTF8.self)
}

/// All that comes out of one file.
struct Reading {
    var lines: [ReportLine]
    var findings: [Finding]
    var summary: ReportSummary

    init(_ format: ReportFormat, _ bytes: some Sequence<UInt8>, chunk: Int = .max) {
        var reader = ReportReader(format, catalogue: catalogue)
        var output = ReportOutput()
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            reader.read(part, into: &output)
            rest = rest.dropFirst(part.count)
        }
        summary = reader.finish(into: &output)
        lines = output.lines
        findings = output.findings
    }

    init(_ format: ReportFormat, text: String, chunk: Int = .max) {
        self.init(format, text.utf8, chunk: chunk)
    }

    var codes: [String] { findings.map(\.code) }

    /// The lines that are applied.
    var applied: [ReportLine] {
        guard summary.rejection == nil else { return [] }
        return lines.filter { summary.rejectedSets[$0.heading.set] == nil && $0.problems.isEmpty }
    }

    /// `sale 10284417 9G2J7ET 5CG6081BCD`, for every serial number that is applied.
    var facts: [String] {
        applied.flatMap { line in
            line.serials.compactMap { reported in
                reported.serial.map { serial in
                    let part =
                        switch line.part {
                        case .product(let product): product.description
                        case .cover(let part, let tier): "\(part)=\(tier.rawValue)"
                        case .unknownCarePack(let part): "\(part)=?"
                        case .unreadable: "?"
                        case nil: "-"
                        }
                    return "\(line.kind.rawValue) \(line.reseller?.id ?? "-") \(part) \(serial)"
                }
            }
        }
    }
}
