package import WorkflowKit

/// One kind of fault that a PC reports.
package struct AlertType: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        case critical
        case high
        case medium
        case low
        case info
    }

    /// Lower case with hyphens, as on the wire.
    package let name: String
    package let severity: Severity
    /// Whether a repair case can be made of it.
    package let isRepairable: Bool
    /// Whether the end user sees a pop-up; the others are only listed.
    package let isShownToEndUsers: Bool

    package init(name: String, severity: Severity, isRepairable: Bool, isShownToEndUsers: Bool) {
        self.name = name
        self.severity = severity
        self.isRepairable = isRepairable
        self.isShownToEndUsers = isShownToEndUsers
    }
}

/// Which faults exist; a value of the configuration.
package struct AlertCatalogue: Hashable, Sendable {
    package let types: [String: AlertType]

    package init(_ types: [AlertType]) {
        self.types = Dictionary(types.map { ($0.name, $0) }) { first, _ in first }
    }

    /// A type by its name on the wire, or in capitals as devices of older releases write it: `BATTERY_REPLACE`.
    package subscript(name: String) -> AlertType? {
        types[name] ?? types[name.lowercased().split(separator: "_").joined(separator: "-")]
    }

    /// The catalogue that the server is shipped with. What is only for information never pops up.
    package static let shipped = AlertCatalogue([
        repairable("battery-replace", .high),
        repairable("storage-predicted-failure", .critical),
        repairable("storage-low-spare", .medium),
        repairable("storage-wear", .medium),
        repairable("thermal-fan-failure", .high),
        shown("thermal-grade", .medium),
        repairable("memory-error", .high),
        shown("os-crash", .medium),
        shown("bios-outdated", .low),
        repairable("bios-corrupt-recovered", .high),
        AlertType(
            name: "warranty-or-carepack-expiring", severity: .info, isRepairable: false, isShownToEndUsers: false),
        AlertType(name: "device-silent", severity: .info, isRepairable: false, isShownToEndUsers: false),
    ])

    private static func repairable(_ name: String, _ severity: AlertType.Severity) -> AlertType {
        AlertType(name: name, severity: severity, isRepairable: true, isShownToEndUsers: true)
    }

    private static func shown(_ name: String, _ severity: AlertType.Severity) -> AlertType {
        AlertType(name: name, severity: severity, isRepairable: false, isShownToEndUsers: true)
    }
}

extension AlertCatalogue {
    /// Reads a catalogue from the configuration:
    /// `[{"type","severity","repairable"?,"endUser"?}]`; a type is not repairable and shown unless it says otherwise.
    package init(configuration json: JSON) throws(JSONFieldErrors) {
        var errors: [JSONFieldError] = []
        var types: [AlertType] = []
        var names = Set<String>()
        let entries = json.arrayValue ?? []
        if entries.isEmpty { errors.append(JSONFieldError(path: "alerts", message: "must be a list of alert types")) }
        for (index, entry) in entries.enumerated() {
            let path = "alerts[\(index)]"
            let name = entry["type"]?.stringValue ?? ""
            let letters = name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
            if name.isEmpty || !letters {
                errors.append(
                    JSONFieldError(path: "\(path).type", message: "must be lower-case letters, digits and hyphens"))
            } else if !names.insert(name).inserted {
                errors.append(JSONFieldError(path: "\(path).type", message: "stands twice"))
            }
            let severity = entry["severity"]?.stringValue.flatMap { AlertType.Severity(rawValue: $0) }
            if severity == nil {
                let known = AlertType.Severity.allCases.map(\.rawValue).joined(separator: ", ")
                errors.append(JSONFieldError(path: "\(path).severity", message: "must be one of \(known)"))
            }
            types.append(
                AlertType(
                    name: name, severity: severity ?? .info, isRepairable: entry["repairable"]?.boolValue ?? false,
                    isShownToEndUsers: entry["endUser"]?.boolValue ?? true))
        }
        guard errors.isEmpty else { throw JSONFieldErrors(errors) }
        self.init(types)
    }
}
