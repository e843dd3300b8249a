import Foundation
import HoldingTenant
import WorkflowKit

/// One message on its way into the database: seen before, taken back, ignored, or a completion that may certify.
struct CourseIntake: Sendable {
    let event: CourseEvent
    /// The signed message that the event came in; nil for a plain statement.
    let message: SignedMessage?
    let catalogue: CourseCatalogue
    let runs: any RunLauncher
    let now: Timestamp
    /// Under which the statement is kept: its own id, or a new one for a statement without.
    private let statementID: String?

    init(
        event: CourseEvent, message: SignedMessage?, catalogue: CourseCatalogue, runs: any RunLauncher, now: Timestamp
    ) {
        self.event = event
        self.message = message
        self.catalogue = catalogue
        self.runs = runs
        self.now = now
        if case .statement(let statement) = event {
            statementID = statement.id ?? UUID().uuidString.lowercased()
        } else {
            statementID = nil
        }
    }

    private var messageID: String? { message.map { "webhook:\($0.id)" } }

    /// For the audit log.
    var entity: String { "statement:\(messageID ?? statementID ?? "")" }

    func take(in transaction: any Transaction) async throws -> CourseComplete.Result {
        if let message, let messageID {
            let fingerprint = StatementIdentity.fingerprint(ofBody: message.body)
            if let earlier = try await earlier(messageID, fingerprint, in: transaction) { return earlier }
        }
        switch event {
        case .other(let type):
            try await remember("ignored", in: transaction)
            return .init(outcome: .ignored, reason: "events of the type \"\(type)\" say nothing about a course")
        case .flat(let flat):
            let linked = try await CompletionBook.partner(
                ofLearner: CompletionRules.learnerKey(homePage: catalogue.homePage, name: flat.learner),
                in: transaction)
            return try await settle(
                CompletionRules.judge(flat, linkedPartner: linked, catalogue: catalogue, now: now), in: transaction)
        case .statement(let statement):
            return try await take(statement, in: transaction)
        }
    }

    private func take(
        _ statement: XAPIStatement, in transaction: any Transaction
    ) async throws -> CourseComplete.Result {
        guard let statementID else { preconditionFailure("a statement is kept under an id") }
        let fingerprint = StatementIdentity.fingerprint(of: statement)
        if let earlier = try await earlier(statementID, fingerprint, in: transaction) { return earlier }
        if let target = VoidingRules.target(of: statement) {
            try await remember("voiding", in: transaction)
            return try await void(target, in: transaction)
        }
        var linked: PartnerID?
        if let learner = CompletionRules.learner(of: statement) {
            linked = try await CompletionBook.partner(ofLearner: learner, in: transaction)
        }
        let isVoided = try await CompletionBook.wasVoidedAhead(statementID, in: transaction)
        return try await settle(
            CompletionRules.judge(
                statement, partner: linked, isVoided: isVoided, catalogue: catalogue, now: now), in: transaction)
    }

    /// The answer to a message that was seen before; nil for a new one.
    private func earlier(
        _ id: String, _ fingerprint: [UInt8], in transaction: any Transaction
    ) async throws -> CourseComplete.Result? {
        // Two of the same id at the same moment: the second one waits here until the first is kept.
        _ = try await transaction.query(
            SQLStatement(
                "select pg_advisory_xact_lock(hashtextextended($1, 7420))::text", name: "LockMessage",
                .text("university:\(id)")))
        guard let kept = try await CompletionBook.kept(id, in: transaction) else { return nil }
        guard StatementIdentity.judge(fingerprint: fingerprint, earlier: kept.fingerprint) == .replay else {
            throw RPCError.conflict("statement", "The id was used before with other content.")
        }
        return .init(outcome: .replayed, partnerId: kept.partner, track: kept.course.flatMap(track))
    }

    /// Keeps the message, and the statement in it, under their ids. A completion is kept once: with the statement if
    /// there is one.
    private func remember(
        _ kind: String, _ completion: Completion? = nil, in transaction: any Transaction
    ) async throws {
        if let statementID, case .statement(let statement) = event {
            _ = try await CompletionBook.keep(
                statementID, fingerprint: StatementIdentity.fingerprint(of: statement), kind: kind,
                completion: completion, at: now, in: transaction)
        }
        if let message, let messageID {
            let isAlone = statementID == nil
            _ = try await CompletionBook.keep(
                messageID, fingerprint: StatementIdentity.fingerprint(ofBody: message.body),
                kind: isAlone ? kind : "ignored", completion: isAlone ? completion : nil, at: now, in: transaction)
        }
    }

    private func settle(
        _ verdict: CompletionRules.Verdict, in transaction: any Transaction
    ) async throws -> CourseComplete.Result {
        switch verdict {
        case .ignored(let reason):
            try await remember("ignored", in: transaction)
            return .init(outcome: .ignored, reason: reason.rawValue)
        case .counts(let completion):
            // Completions of one partner one after the other, so that of two that came at once the second sees the
            // first and the track is found complete.
            guard
                let profile = try await PartnerBook.profile(
                    of: completion.partner.text, isLocked: true, in: transaction)
            else {
                try await remember("ignored", in: transaction)
                return .init(outcome: .ignored, reason: CompletionRules.Ignored.learner.rawValue)
            }
            try await remember("completion", completion, in: transaction)
            let run = try await certify(profile, after: completion, in: transaction)
            return .init(
                outcome: .accepted, partnerId: completion.partner.text, track: track(of: completion.course),
                runId: run?.description)
        }
    }

    /// Starts the certification for each track that is complete now and was not, or lasts longer now.
    private func certify(
        _ profile: PartnerProfile, after completion: Completion, in transaction: any Transaction
    ) async throws -> RunID? {
        let completions = try await CompletionBook.completions(of: profile.partner, in: transaction)
        let earned = TrackCompletion.certifications(from: completions, catalogue: catalogue)
        var started: RunID?
        for certification in earned where !profile.certifications.contains(where: { $0.covers(certification) }) {
            guard
                let requirement = catalogue.requirements.first(where: {
                    $0.track == certification.track && $0.courses.contains(completion.course)
                })
            else { continue }
            started = try await runs.start(
                PartnerCertification.self, catalogue.input(certifying: profile.partner, by: requirement),
                key: PartnerCertification.key(partner: profile.partner, track: requirement.track), in: transaction
            ).run
        }
        return started
    }

    private func void(_ target: String, in transaction: any Transaction) async throws -> CourseComplete.Result {
        let known = try await CompletionBook.kept(target, in: transaction)
        if let partner = known?.partner {
            _ = try await PartnerBook.profile(of: partner, isLocked: true, in: transaction)
        }
        // Read again: the certification may have been settled while this one waited for the partner.
        let target = (id: target, kept: try await CompletionBook.kept(target, in: transaction))
        let state: VoidingRules.Target =
            switch target.kept?.kind {
            case nil: .unknown
            case "completion": .completion(ledToCertification: target.kept?.isSettled ?? false)
            case "voiding": .voiding
            default: .ignored
            }
        switch VoidingRules.judge(state) {
        case .takeBack:
            try await CompletionBook.void(target.id, at: now, in: transaction)
        case .remember:
            try await CompletionBook.voidAhead(target.id, at: now, in: transaction)
        case .tooLate:
            return .init(outcome: .ignored, reason: "a certification rests on the statement already")
        case .notAllowed:
            return .init(outcome: .ignored, reason: "a voiding statement cannot be voided")
        }
        return .init(outcome: .accepted, partnerId: target.kept?.partner)
    }

    private func track(of course: String) -> String? {
        catalogue.requirements.first { $0.courses.contains(course) }?.track.name
    }
}

extension Certification {
    /// Whether `other` adds nothing to this one.
    fileprivate func covers(_ other: Certification) -> Bool {
        guard track == other.track, completedAt <= other.completedAt else { return false }
        guard let validUntil else { return true }
        return other.validUntil.map { $0 <= validUntil } ?? false
    }
}
