internal import WorkflowKit

/// A place in the log of events as clients keep it: `e` and a number, as text because it may pass 2^53.
enum EventCursor {
    static func text(_ position: Int64) -> String { "e\(position)" }

    static func position(_ text: String) -> Int64? {
        guard text.hasPrefix("e"), let position = Int64(text.dropFirst()), position >= 0 else { return nil }
        return position
    }

    /// - Throws: ``RPCError`` of type `params.invalid` for text that no event had.
    static func position(_ text: String, param: String) throws(RPCError) -> Int64 {
        guard let position = position(text) else { throw .invalidParam(param, "must be the cursor of an event") }
        return position
    }
}
