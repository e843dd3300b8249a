package import WorkflowKit

/// Reads a caller from the URI in its certificate.
package enum CertificatePrincipal {
    /// The caller that `holdfast:<kind>:<id>` names; nil for any other URI.
    package static func principal(uri: String) -> Principal? {
        let parts = uri.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == "holdfast", let kind = PrincipalKind(rawValue: parts[1]),
            (1...128).contains(parts[2].count)
        else { return nil }
        let id = parts[2]
        return Principal(
            kind: kind, id: id, name: id, partnerID: kind == .partner ? id : nil,
            reporterID: kind == .reporter ? id : nil, serial: kind == .device ? id : nil,
            customerID: kind == .customer ? id : nil)
    }
}
