internal import Glibc

/// The user as whom PostgreSQL's programs run when the node itself runs as root.
///
/// PostgreSQL refuses to run as root: whoever took over the database would own the machine.
struct ServiceAccount: Sendable, Hashable {
    let name: String
    let userID: UInt32
    let groupID: UInt32

    /// `postgres`, which Debian's package creates, else `nobody`; nil when the process is not root and keeps its user.
    static func forThisProcess() -> ServiceAccount? {
        guard geteuid() == 0 else { return nil }
        return named("postgres") ?? named("nobody")
    }

    static func named(_ name: String) -> ServiceAccount? {
        guard let entry = unsafe getpwnam(name) else { return nil }
        return ServiceAccount(
            name: name, userID: unsafe entry.pointee.pw_uid, groupID: unsafe entry.pointee.pw_gid)
    }
}
