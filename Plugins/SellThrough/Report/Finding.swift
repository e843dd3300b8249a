/// Where in a file something stands.
package struct SourcePosition: Hashable, Sendable {
    /// The line of the file, counted from 1; a file without line breaks has one line.
    package var line: Int
    /// The segment's identifier, `REF`, or the name of a column.
    package var segment: String?
    /// The place of the segment in its transaction set, counted from the set's header as 1.
    package var ordinal: Int?
    /// The element of the segment, or the column of the row, counted from 1.
    package var element: Int?
    /// The component of the element, counted from 1.
    package var component: Int?

    package init(
        line: Int, segment: String? = nil, ordinal: Int? = nil, element: Int? = nil, component: Int? = nil
    ) {
        self.line = line
        self.segment = segment
        self.ordinal = ordinal
        self.element = element
        self.component = component
    }

    func element(_ number: Int, component: Int? = nil) -> SourcePosition {
        var position = self
        position.element = number
        position.component = component
        return position
    }
}

extension SourcePosition: CustomStringConvertible {
    /// `line 21, segment 22 (REF), element 2`.
    package var description: String {
        var text = "line \(line)"
        if let ordinal { text += ", segment \(ordinal)" }
        if let segment { text += ordinal == nil ? ", \(segment)" : " (\(segment))" }
        if let element { text += ", element \(element)" }
        if let component { text += ", component \(component)" }
        return text
    }
}

/// Something about a file that its sender should know: where it is, what is wrong, and how to put it right.
package struct Finding: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// Read all the same.
        case warning
        /// What it stands in is not applied: a serial number, a line, a transaction set or the whole file.
        case error
    }

    package let severity: Severity
    /// A stable word with dots: `x12.element.too-long`.
    package let code: String
    package let position: SourcePosition
    /// What is wrong: one sentence, lower case, no full stop.
    package let message: String
    /// What to do about it.
    package let fix: String

    package init(_ severity: Severity, _ code: String, at position: SourcePosition, _ message: String, fix: String) {
        self.severity = severity
        self.code = code
        self.position = position
        self.message = message
        self.fix = fix
    }
}

/// A foreign text for use inside a sentence: in quotes, control characters replaced, at most 40 characters.
func quoted(_ text: some StringProtocol) -> String {
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 40 { return "\"\(shown)…\"" }
        shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        count += 1
    }
    return "\"\(shown)\""
}
