/// One SQL statement: a text that is fixed when the program is compiled, and the values of its `$1`, `$2`, ….
///
/// The text is a `StaticString`, so a value can never be put into it: SQL built from data does not compile.
///
///     SQLStatement("select name from partner where partner_id = $1", .text(partnerID))
public struct SQLStatement: Sendable {
    /// What the database is sent.
    public let text: String
    /// The values of `$1`, `$2`, … in order.
    public let parameters: [SQLValue]
    /// How errors, logs and metrics call this statement; never the values.
    public let name: String
    /// False for a statement that runs once in a process's life, such as DDL: preparing it would cost a round trip
    /// and keep a plan that is never used again.
    public let isPrepared: Bool

    public init(_ text: StaticString, name: StaticString? = nil, _ parameters: SQLValue...) {
        self.init(text, name: name, parameters: parameters)
    }

    public init(_ text: StaticString, name: StaticString? = nil, parameters: [SQLValue]) {
        self.init(
            uncheckedText: text.description, name: name?.description ?? Self.firstWords(of: text.description),
            parameters: parameters)
    }

    /// For text that the program itself puts together: a partition's name, the statements of a migration file.
    ///
    /// Package-internal, and a repository test keeps it out of `Plugins/`: whoever calls it answers for the text.
    package init(uncheckedText text: String, name: String, parameters: [SQLValue] = [], isPrepared: Bool = true) {
        self.text = text
        self.name = name
        self.parameters = parameters
        self.isPrepared = isPrepared
    }

    /// The first 48 characters of `text` with white space folded: a name for a statement that was given none.
    private static func firstWords(of text: String) -> String {
        String(text.prefix(200).split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(48))
    }
}
