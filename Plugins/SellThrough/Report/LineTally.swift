import HoldingTenant

/// Counts the lines of a report and the PCs on its sale lines.
struct LineTally: Sendable {
    private(set) var lines = 0
    private var serials = Set<SerialNumber>()

    var devices: Int { serials.count }

    /// The number of the next line.
    mutating func nextNumber() -> Int {
        lines += 1
        return lines
    }

    mutating func count(_ line: ReportLine) {
        guard line.kind == .sale, !line.isCover else { return }
        for reported in line.serials {
            if let serial = reported.serial { serials.insert(serial) }
        }
    }
}

/// Rules that hold for a line of any format.
enum LineRules {
    /// Adds what is wrong with the line as a whole, and the warnings that do not stop it.
    static func check(_ line: inout ReportLine, output: inout ReportOutput) {
        removeRepeated(&line, output: &output)
        // A return may leave open who gave the PC back: it concerns whoever bought it from the same filer.
        if line.kind == .sale, line.reseller?.id == nil {
            line.problems.append(
                Finding(
                    .error, "reseller.missing", at: line.position, "the line does not say which reseller sold the PCs",
                    fix: "name the reseller with its partner number"))
        }
        if line.quantity == nil {
            line.problems.append(
                Finding(
                    .error, "quantity.missing", at: line.position, "the line has no quantity",
                    fix: "give a whole number"))
        } else if let quantity = line.quantity, !line.serials.isEmpty, quantity != line.serials.count {
            line.problems.append(
                Finding(
                    .error, "quantity.mismatch", at: line.position,
                    "the quantity is \(quantity), but the line has \(line.serials.count) different serial numbers",
                    fix: "list each serial number of the line once, and give their number as the quantity"))
        }
        if line.serials.isEmpty {
            output.warn(
                "serial.missing", at: line.position, "the line has no serial number, so no PC can be transferred",
                fix: "list the serial numbers of the PCs")
        }
        switch line.part {
        case .unreadable:
            output.warn(
                "product.unreadable", at: line.position, "the product number has a wrong shape",
                fix: "give the product number of the PC, such as 9G2J7ET, or the part number of the care pack")
        case nil:
            output.warn(
                "product.missing", at: line.position, "the line names no product number",
                fix: "give the product number: a serial number alone may stand for several products")
        case .unknownCarePack(let part):
            output.warn(
                "care-pack.unknown", at: line.position, "the care pack \(part) is not in the catalogue",
                fix: "ask HP to add the part number; until then it covers nothing")
        case .product, .cover:
            break
        }
        for reported in line.serials {
            guard case .success(let serial) = reported.reading, serial.shape == .unusual else { continue }
            let meant = serial.suggestions.first.map { "; did you mean \($0)?" } ?? ""
            output.warn(
                "serial.unusual", at: reported.position,
                "\(serial) is not in the usual form of a serial number\(meant)",
                fix: "compare it with the label of the PC")
        }
    }

    private static func removeRepeated(_ line: inout ReportLine, output: inout ReportOutput) {
        var seen = Set<String>(minimumCapacity: line.serials.count)
        line.serials.removeAll { reported in
            let key = reported.serial?.text ?? reported.raw
            if seen.insert(key).inserted { return false }
            output.warn(
                "serial.repeated", at: reported.position, "\(quoted(reported.raw)) stands twice on one line",
                fix: "list each serial number once")
            return true
        }
    }
}
