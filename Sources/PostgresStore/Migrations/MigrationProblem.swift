/// Something that keeps the migrations of this binary from being applied, and where it is.
package struct MigrationProblem: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    /// For example `hp-university/0002-add-track.sql`; nil when no single file is at fault.
    package let file: String?
    /// Counts from 1; nil for the file as a whole.
    package let line: Int?
    /// One line, lower case, no full stop.
    package let message: String

    init(_ file: String?, _ message: String, line: Int? = nil) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String {
        guard let file else { return message }
        return line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}

/// Everything that is wrong, so that one run shows all of it.
package struct MigrationProblems: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [MigrationProblem]

    init(problems: [MigrationProblem]) {
        self.problems = problems
    }

    init(_ file: String?, _ message: String, line: Int? = nil) {
        self.init(problems: [MigrationProblem(file, message, line: line)])
    }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
