import Foundation
import WorkflowKit

/// JSON with gaps, as transcripts write it; see Transcripts/README.md.
struct JSONPattern: Sendable {
    let json: JSON

    /// Why `value` does not fit, with the place; nil if it does. What the pattern captures is put into `captures`.
    func mismatch(_ value: JSON, _ captures: inout [String: String]) -> String? {
        Self.mismatch(json, value, "", &captures)
    }

    private static func mismatch(
        _ pattern: JSON, _ value: JSON, _ path: String, _ captures: inout [String: String]
    ) -> String? {
        switch (pattern, value) {
        case (.string(let text), _) where text.hasPrefix("<") && text.hasSuffix(">"):
            return gap(String(text.dropFirst().dropLast()), value, path, &captures)
        case (.object(let wanted), .object(let found)):
            let isOpen = wanted["..."] != nil
            for member in found where wanted[member.key] == nil && !isOpen {
                return "\(path).\(member.key) is not expected"
            }
            for member in wanted where member.key != "..." {
                guard let inner = found[member.key] else { return "\(path).\(member.key) is missing" }
                if let why = mismatch(member.value, inner, "\(path).\(member.key)", &captures) { return why }
            }
            return nil
        case (.array(var wanted), .array(let found)):
            let isOpen = wanted.last == "..."
            if isOpen { wanted.removeLast() }
            guard isOpen ? found.count >= wanted.count : found.count == wanted.count else {
                return "\(path) has \(found.count) elements"
            }
            for (index, element) in wanted.enumerated() {
                if let why = mismatch(element, found[index], "\(path)[\(index)]", &captures) { return why }
            }
            return nil
        default:
            // Compared by their text, so that 1.50 is not 1.5.
            return pattern.text == value.text ? nil : "\(path) is \(value.text) and not \(pattern.text)"
        }
    }

    private static func gap(
        _ gap: String, _ value: JSON, _ path: String, _ captures: inout [String: String]
    ) -> String? {
        if gap.hasPrefix("~") {
            let isThere = value.stringValue?.contains(gap.dropFirst()) == true
            return isThere ? nil : "\(path) is \(value.text), without \"\(gap.dropFirst())\""
        }
        let parts = gap.split(separator: ":", maxSplits: 1).map(String.init)
        let fits =
            switch parts[0] {
            case "any": true
            case "text": value.stringValue != nil
            case "time":
                value.stringValue?.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil
            case "uuid": value.stringValue.flatMap(UUID.init(uuidString:)) != nil
            case "integer": value.intValue != nil
            case "boolean": value.boolValue != nil
            case "object": value.objectValue != nil
            case "array": value.arrayValue != nil
            default: false
            }
        guard fits else { return "\(path) is \(value.text) and no \(parts[0])" }
        if parts.count == 2 { captures[parts[1]] = value.stringValue ?? value.text }
        return nil
    }
}
