/// Why the embedded PostgreSQL does not run.
///
/// Callers branch on ``kind``; the message is the sentence for the person at the terminal and says what to do.
package struct EmbeddedPostgresError: Error, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Another live node holds the data directory. It may be free later.
        case inUse
        /// The process may not read, write or enter what it needs.
        case notPermitted
        /// The data directory or the binaries are not what they must be. Repeating cannot help.
        case misconfigured
        /// PostgreSQL could not be created or started; its own words are in the message.
        case unavailable
    }

    package let kind: Kind
    package let message: String

    package var description: String { message }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
