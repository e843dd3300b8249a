/// A database transaction that is open.
///
/// Everything done through it is committed together or not at all. It must not be kept beyond the closure that it was
/// handed to.
public protocol Transaction: Sendable {
    /// Runs `statement` and returns its rows.
    func query(_ statement: SQLStatement) async throws(SQLError) -> [SQLRow]

    /// Runs `statement` and returns how many rows it changed.
    @discardableResult
    func execute(_ statement: SQLStatement) async throws(SQLError) -> Int
}
