import ArgumentParser
import Foundation
import Postgres
import PostgresStore
import RPCServer
import WorkflowKit

/// The exit codes of the command, which scripts and service managers read (the family of sysexits.h).
enum ExitStatus: Int32 {
    case failed = 1
    case usage = 64
    case unavailable = 69
    case tryAgain = 75
    case notPermitted = 77
    case configuration = 78
}

/// Why a command was not carried out: one sentence for standard error, and the exit code.
struct Refusal: Error {
    let status: ExitStatus
    let sentence: String
    /// Whether the command's document tells it already, for those who asked for one.
    let isPrinted: Bool

    init(_ status: ExitStatus, _ sentence: String, isPrinted: Bool = false) {
        self.status = status
        self.sentence = sentence
        self.isPrinted = isPrinted
    }

    /// What `--json` prints instead of a result.
    var document: JSON {
        ["error": ["message": .string(sentence), "exitCode": .int(Int(status.rawValue))]]
    }

    /// nil for the errors of the argument parser, which tells them itself.
    init?(_ error: any Error) {
        switch error {
        case let error as Refusal: self = error
        case let error as EmbeddedPostgresError: self.init(error)
        case let error as MigrationError:
            self.init(ExitStatus(rawValue: error.exitCode) ?? .failed, error.message)
        case let error as SQLError: self.init(error)
        case let error as ListenerError: self.init(.configuration, error.description)
        default: return nil
        }
    }

    private init(_ error: EmbeddedPostgresError) {
        let status: ExitStatus =
            switch error.kind {
            case .inUse: .tryAgain
            case .notPermitted: .notPermitted
            case .misconfigured: .configuration
            case .unavailable: .unavailable
            }
        self.init(status, error.message)
    }

    private init(_ error: SQLError) {
        let status: ExitStatus
        let advice: String
        switch (error.sqlState, error.kind) {
        case ("28P01"?, _), ("28000"?, _):
            (status, advice) = (.notPermitted, ": check user, password and pg_hba.conf")
        case ("3D000"?, _):
            (status, advice) = (.configuration, ": create it, or correct the URL")
        case ("53300"?, _):
            (status, advice) = (
                .tryAgain, ": the server has no connection to spare; raise max_connections or end others"
            )
        case ("53100"?, _):
            (status, advice) = (.tryAgain, ": the server's disk is full")
        case ("57P03"?, _):
            (status, advice) = (.tryAgain, ": it is starting up or shutting down")
        case ("25006"?, _):
            (status, advice) = (.unavailable, ": that server is a standby, name the primary")
        case (_, .notPermitted):
            (status, advice) = (.notPermitted, "")
        case (_, .rejected):
            (status, advice) = (.configuration, "")
        case (_, .conflict), (_, .cancelled):
            (status, advice) = (.tryAgain, "")
        case (_, .unavailable), (_, .outcomeUnknown):
            (status, advice) = (.unavailable, "")
        case (_, .defect):
            (status, advice) = (.failed, "")
        }
        self.init(status, error.description + advice)
    }

    /// Writes the sentence to standard error.
    func tell() {
        FileHandle.standardError.write(Data("holdfast: \(sentence)\n".utf8))
    }
}
