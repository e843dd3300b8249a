import CLibPQ

/// What it takes to cancel the statement that runs on another connection.
@safe final class CancelRequest: Sendable {
    private nonisolated(unsafe) let pointer: OpaquePointer

    /// Nil when libpq has no memory, or the connection is closed.
    init?(for connection: OpaquePointer) {
        guard let pointer = unsafe PQgetCancel(connection) else { return nil }
        unsafe self.pointer = unsafe pointer
    }

    deinit { unsafe PQfreeCancel(pointer) }

    /// Opens a connection of its own to deliver the request; blocks until the server has acted on it.
    ///
    /// Returns false when the server could not be reached.
    func send() -> Bool {
        // libpq recommends 256 bytes for the error's text, which is not used here.
        var message = [CChar](repeating: 0, count: 256)
        return unsafe PQcancel(pointer, &message, Int32(message.count)) == 1
    }
}
