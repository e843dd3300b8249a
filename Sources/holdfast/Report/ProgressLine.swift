import Foundation
import Glibc

/// One line on a terminal that is written over again; nothing where standard error is no terminal.
struct ProgressLine: Sendable {
    private let isShown: Bool
    private static let width = 30

    init(isShown: Bool) { self.isShown = isShown && isatty(STDERR_FILENO) == 1 }

    func show(_ name: String, done: Int, of total: Int) {
        let filled = total == 0 ? Self.width : Self.width * done / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        show("[\(bar)] \(total == 0 ? 100 : 100 * done / total) % \(name)")
    }

    func show(_ text: String) {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    func clear() {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
