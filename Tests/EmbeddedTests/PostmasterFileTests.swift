import Testing

@testable import PostgresStore

@Suite struct PostmasterFileTests {
    @Test func `a ready server tells its process, socket and status`() throws {
        let file = try #require(
            PostmasterFile("4242\n/data\n1750000000\n5432\n/run/x\n\n  1234  5\nready   \n"))

        #expect(file.processID == 4242)
        #expect(file.port == 5432)
        #expect(file.socketDirectory == "/run/x")
        #expect(file.status == "ready")
    }

    @Test func `a server that has only begun to start has no socket and no status yet`() throws {
        let file = try #require(PostmasterFile("4242\n/data\n1750000000\n"))

        #expect(file.processID == 4242)
        #expect(file.socketDirectory == "")
        #expect(file.status == "")
    }

    @Test(arguments: ["", "\n", "word\n", "-5\n", "0\n"])
    func `a file without a process number is no server`(text: String) {
        #expect(PostmasterFile(text) == nil)
    }
}

@Suite struct PostgresBinariesTests {
    private let fifteen = PostgresBinaries(folder: "/a/15", majorVersion: 15)
    private let sixteen = PostgresBinaries(folder: "/a/16", majorVersion: 16)
    private let fourteen = PostgresBinaries(folder: "/a/14", majorVersion: 14)

    @Test func `a new cluster takes the newest release`() throws {
        #expect(try PostgresBinaries.choose(from: [fifteen, sixteen, fourteen], clusterVersion: nil) == sixteen)
    }

    @Test func `an existing cluster takes the release that made it`() throws {
        #expect(try PostgresBinaries.choose(from: [sixteen, fifteen], clusterVersion: 15) == fifteen)
    }

    @Test func `a cluster of a release that is not installed is refused with both releases named`() throws {
        let error = try #require(throws: EmbeddedPostgresError.self) {
            try PostgresBinaries.choose(from: [fifteen], clusterVersion: 14)
        }
        #expect(error.kind == .misconfigured)
        #expect(error.message.contains("belongs to PostgreSQL 14"))
        #expect(error.message.contains("15 (/a/15)"))
        #expect(error.message.contains("postgresql-14"))
    }

    @Test func `nothing but an old release is refused`() throws {
        let error = try #require(throws: EmbeddedPostgresError.self) {
            try PostgresBinaries.choose(from: [fourteen], clusterVersion: nil)
        }
        #expect(error.message.contains("at least 15"))
    }

    @Test func `a machine without PostgreSQL is told how to get it`() throws {
        let error = try #require(throws: EmbeddedPostgresError.self) {
            try PostgresBinaries.choose(from: [], clusterVersion: nil)
        }
        #expect(error.message.contains("apt-get install postgresql"))
    }

    @Test(arguments: [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15), ("postgres (PostgreSQL) 17beta1", 17),
    ])
    func `the release is read from the version line`(line: String, release: Int) {
        #expect(PostgresBinaries.majorVersion(in: line) == release)
    }
}
