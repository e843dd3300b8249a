/// What `postmaster.pid` in a cluster says about the server that runs it.
///
/// One fact a line, the last ones missing while the server still starts (PostgreSQL's `miscadmin.h`, "LOCK_FILE_LINE_").
struct PostmasterFile: Sendable, Hashable {
    let processID: Int32
    /// Where the unix socket is; empty while the server has not opened it.
    let socketDirectory: String
    let port: Int
    /// `starting`, `ready`, `standby` or `stopping`; empty when the server is too young to have said.
    let status: String

    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let processID = Int32(first.filter { !$0.isWhitespace }), processID > 0 else {
            return nil
        }
        func line(_ number: Int) -> String {
            guard number <= lines.count else { return "" }
            var line = lines[number - 1]
            while line.last == " " || line.last == "\r" { line.removeLast() }
            return String(line)
        }
        self.processID = processID
        self.port = Int(line(4)) ?? 0
        self.socketDirectory = line(5)
        self.status = line(8)
    }
}
