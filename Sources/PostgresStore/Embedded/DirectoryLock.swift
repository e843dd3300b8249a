internal import Glibc

/// The lock by which a live node says that a data directory is its own.
///
/// A kernel lock on an open file (`flock`), not the file's existence: it ends with the process however the process
/// ends, so nobody ever has to delete a stale one.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock file at `path`, creating it if need be.
    init(path: String) throws(EmbeddedPostgresError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .fromErrno("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            throw EmbeddedPostgresError(
                .inUse,
                "the data directory \"/\(folder)\" is in use by \(holder): stop that node, choose another --data-dir, or "
                    + "join its database with --database \"$(cat /\(folder)/database.url)\"")
        }
        let line = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = unsafe line.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        self.descriptor = descriptor
    }

    /// Takes the lock, waiting up to 2 s for its holder to go: a node that was killed holds its files for a moment longer.
    static func take(path: String) async throws(EmbeddedPostgresError) -> DirectoryLock {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            do throws(EmbeddedPostgresError) {
                return try DirectoryLock(path: path)
            } catch {
                guard error.kind == .inUse, ContinuousClock.now < deadline else { throw error }
                do { try await Task.sleep(for: .milliseconds(50)) } catch _ { throw error }
            }
        }
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard let process = Int32(String(decoding: bytes.prefix(max(count, 0)).prefix { $0 != 10 }, as: UTF8.self))
        else {
            return "another node"
        }
        return "another node (process \(process))"
    }
}

extension EmbeddedPostgresError {
    /// The failure of a system call on `path`, with the kind that its `errno` calls for.
    static func fromErrno(_ verb: String, _ path: String, _ code: Int32 = errno) -> EmbeddedPostgresError {
        let reason = unsafe String(cString: strerror(code)).lowercased()
        switch code {
        case EACCES, EPERM, EROFS:
            return EmbeddedPostgresError(
                .notPermitted,
                "cannot \(verb) \"\(path)\": \(reason): give this user the right to write there, or choose another --data-dir"
            )
        case ENOSPC, EDQUOT:
            return EmbeddedPostgresError(.unavailable, "could not \(verb) \"\(path)\": \(reason)")
        default:
            return EmbeddedPostgresError(.misconfigured, "cannot \(verb) \"\(path)\": \(reason)")
        }
    }
}
