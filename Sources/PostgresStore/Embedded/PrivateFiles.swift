internal import FoundationEssentials
internal import Glibc

/// The few file operations that need exact modes and owners, each failing with a sentence.
enum PrivateFiles {
    /// Creates the folder unless it is there already; its parents must exist.
    static func makeFolder(
        _ path: String, mode: mode_t, owner: ServiceAccount? = nil
    ) throws(EmbeddedPostgresError) {
        if unsafe mkdir(path, mode) != 0, errno != EEXIST { throw .fromErrno("create", path) }
        guard isFolder(path) else {
            throw EmbeddedPostgresError(.misconfigured, "cannot use \"\(path)\": it is not a folder")
        }
        guard let owner else { return }
        // Its parent may belong to that owner, who could have put a link to anybody's folder there.
        guard !isSymbolicLink(path) else {
            throw EmbeddedPostgresError(
                .misconfigured, "cannot use \"\(path)\": it is a symbolic link where a folder has to be")
        }
        guard unsafe lchown(path, owner.userID, owner.groupID) == 0 else { throw .fromErrno("give away", path) }
    }

    /// Creates the folder and the parents that are missing.
    static func makeFolders(_ path: String, mode: mode_t) throws(EmbeddedPostgresError) {
        var prefix = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            prefix += "/\(part)"
            // Folders on the way are for everybody to pass through; only the last one is ours.
            if index == parts.count - 1 {
                try makeFolder(prefix, mode: mode)
            } else if !isFolder(prefix) {
                try makeFolder(prefix, mode: 0o755)
            }
        }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Who owns the file; nil when there is none.
    static func owner(of path: String) -> (userID: UInt32, groupID: UInt32)? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return (status.st_uid, status.st_gid)
    }

    /// When the file last changed, in seconds since 1970; 0 when there is none.
    static func changed(_ path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mtim.tv_sec : 0
    }

    /// The full paths of what is in the folder.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { folder + "/" + $0 }
    }

    /// The path without symbolic links; nil when something on it is missing.
    static func resolved(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The file's text; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            text += chunk.prefix(count)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Replaces the file in one step: a reader sees the old text or the new, never half of it.
    static func write(
        _ text: String, to path: String, mode: mode_t = 0o600, owner: ServiceAccount? = nil
    ) throws(EmbeddedPostgresError) {
        let draft = path + ".new"
        remove(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .fromErrno("write", path) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count, fsync(descriptor) == 0 else { throw .fromErrno("write", path) }
        if let owner, fchown(descriptor, owner.userID, owner.groupID) != 0 { throw .fromErrno("give away", path) }
        try rename(draft, to: path)
    }

    static func rename(_ path: String, to target: String) throws(EmbeddedPostgresError) {
        guard unsafe Glibc.rename(path, target) == 0 else { throw .fromErrno("write", target) }
    }

    /// Makes `path` a symbolic link to `target`.
    static func link(_ path: String, to target: String) throws(EmbeddedPostgresError) {
        guard unsafe symlink(target, path) == 0 else { throw .fromErrno("create", path) }
    }

    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    static func isWritableFolder(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    static func changeMode(of path: String, to mode: mode_t) { _ = unsafe chmod(path, mode) }

    /// Removes a file if it is there.
    static func remove(_ path: String) { _ = unsafe unlink(path) }

    /// Removes a folder and everything in it, if it is there. Follows no symbolic links.
    static func removeTree(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
