internal import Glibc

/// Creates the cluster in a home that has none.
///
/// Everything happens in a draft folder that gets its name last: a creation that was interrupted leaves a draft, which
/// the next one removes, and never half a cluster.
struct ClusterCreation: Sendable {
    static let superuser = "holdfast"
    static let database = "holdfast"

    let home: ClusterHome
    let binaries: PostgresBinaries

    func run() async throws(EmbeddedPostgresError) {
        let draft = home.data + ".draft"
        PrivateFiles.removeTree(draft)
        let password = Secret.random(characters: 40)
        try PrivateFiles.write(password, to: home.passwordFile)
        // initdb runs as another user and reads the password before it does anything slow.
        let copy = home.folder + "/password.draft"
        try PrivateFiles.write(password, to: copy, owner: home.account)
        defer { PrivateFiles.remove(copy) }

        try await succeed(
            "initdb",
            [
                "--pgdata", draft, "--username", Self.superuser, "--pwfile", copy, "--auth", "scram-sha-256",
                "--data-checksums", "--encoding", "UTF8", "--locale", "C", "--lc-ctype", Self.characterClasses,
            ])
        try await succeed(
            "postgres", ["--single", "-D", draft, "postgres"],
            input: "create database \(Self.database)\n")
        let main = draft + "/postgresql.conf"
        let shipped = PrivateFiles.read(main) ?? ""
        try PrivateFiles.write(
            shipped + "\n# Written by the node at each start; ALTER SYSTEM still wins.\ninclude 'holdfast.conf'\n",
            to: main,
            owner: home.account)
        try PrivateFiles.write("", to: draft + "/holdfast.conf", owner: home.account)
        try PrivateFiles.rename(draft, to: home.data)
    }

    /// Strings sort by their bytes, which is quick and never changes with the C library; letters beyond ASCII still have
    /// a case where the machine knows C.UTF-8.
    private static var characterClasses: String {
        guard let locale = unsafe newlocale(1 << LC_CTYPE, "C.UTF-8", nil) else { return "C" }
        unsafe freelocale(locale)
        return "C.UTF-8"
    }

    private func succeed(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws(EmbeddedPostgresError) {
        let outcome = try await binaries.program(program, as: home.account).run(arguments, input: input)
        guard outcome.succeeded else {
            throw EmbeddedPostgresError(
                .unavailable, "could not create a cluster in \"\(home.data)\": \(outcome.telling)")
        }
    }
}
