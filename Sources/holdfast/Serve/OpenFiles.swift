import Glibc
import Logging
import RPCServer

/// The files that this process may have open, of which every connection is one.
enum OpenFiles {
    /// For everything that is no client: the database, the log, the listener.
    private static let reserved = 256

    /// Raises this process's own limit as far as `limits` need it, and lowers the number of connections to what it may
    /// have: better one told in `system.info` than one that fails when it is reached.
    static func limits(_ limits: WireLimits, _ logger: Logger) -> WireLimits {
        var allowed = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed) == 0 else { return limits }
        let needed = rlim_t(limits.connections + reserved)
        if allowed.rlim_cur < needed {
            allowed.rlim_cur = min(needed, allowed.rlim_max)
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed)
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &allowed)
        }
        guard allowed.rlim_cur < needed else { return limits }
        var lowered = limits
        lowered.connections = max(Int(allowed.rlim_cur) - reserved, 1)
        logger.notice(
            "fewer connections than configured: this process may not open more files",
            metadata: ["connections": "\(lowered.connections)", "openFiles": "\(allowed.rlim_cur)"])
        return lowered
    }
}
