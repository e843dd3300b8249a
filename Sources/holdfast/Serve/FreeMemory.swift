import Foundation
import Glibc

/// Gives memory back to the system after a crowd has left.
///
/// A hundred thousand runs that were under way at once leave free blocks all over the heap, and the C library keeps them:
/// the process would stay as large as it ever was.
enum FreeMemory {
    private static let interval: Duration = .seconds(5)
    /// Growth by less than this is not worth a walk through the heap, in bytes.
    private static let worthwhile = 32 << 20

    /// How often to try after the process has grown.
    private static let looksAfterGrowth = 12

    /// glibc's `malloc_trim(3)`, which no module of Swift's declares; nil where there is none.
    private static let trim: (@convention(c) (Int) -> Int32)? = {
        guard let symbol = unsafe dlsym(nil, "malloc_trim") else { return nil }
        return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
    }()

    /// Looks from time to time until the task is cancelled.
    static func giveBack() async {
        guard let trim else { return }
        var kept = residentBytes
        var looksLeft = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            // A crowd leaves little by little.
            if residentBytes > kept + worthwhile { looksLeft = looksAfterGrowth }
            guard looksLeft > 0 else { continue }
            looksLeft -= 1
            _ = trim(0)
            kept = residentBytes
        }
    }

    /// What proc(5) calls resident in statm; 0 when it cannot be read.
    private static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
