/// The id of a request as the client spelled it, quotes and all, so that the answer repeats it to the byte.
package struct RequestID: Hashable, Sendable {
    /// A JSON string, number or null.
    package let spelling: [UInt8]

    package init(spelling: [UInt8]) {
        self.spelling = spelling
    }

    /// For answers to what had no id that could be read.
    package static let null = RequestID(spelling: Array("null".utf8))
}
