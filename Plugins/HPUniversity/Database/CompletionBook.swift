import HoldingTenant
import WorkflowKit

/// What the university said, as the database has it.
enum CompletionBook {
    /// What is kept under the id of a statement or a signed message.
    struct Kept {
        var fingerprint: [UInt8]
        var kind: String
        var partner: String?
        var course: String?
        var isSettled: Bool
    }

    static func kept(_ id: String, in transaction: any Transaction) async throws -> Kept? {
        let rows = try await transaction.query(
            SQLStatement(
                """
                select fingerprint, kind, partner_id, course, is_settled
                from university.message
                where message_id = $1
                for update
                """, name: "MessageByID", .text(id)))
        return try rows.first.map { row in
            Kept(
                fingerprint: try row.bytes("fingerprint"), kind: try row.text("kind"),
                partner: try row.textOrNull("partner_id"), course: try row.textOrNull("course"),
                isSettled: try row.bool("is_settled"))
        }
    }

    /// Keeps a message; false if another one is kept under its id, also by a transaction that ended just now.
    static func keep(
        _ id: String, fingerprint: [UInt8], kind: String, completion: Completion? = nil, at now: Timestamp,
        in transaction: any Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            SQLStatement(
                """
                insert into university.message
                    (message_id, fingerprint, received_at, kind, partner_id, course, learner, completed_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (message_id) do nothing
                """, name: "InsertMessage", .text(id), .bytes(fingerprint), .timestamp(now), .text(kind),
                .text(orNull: completion?.partner.text), .text(orNull: completion?.course),
                .text(orNull: completion?.learner), .timestamp(orNull: completion?.at))) > 0
    }

    /// The partner to which a learner's account is linked.
    static func partner(ofLearner key: String, in transaction: any Transaction) async throws -> PartnerID? {
        let parts = key.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        let rows = try await transaction.query(
            SQLStatement(
                "select partner_id from university.learner where home_page = $1 and name = $2",
                name: "PartnerOfLearner", .text(parts[0]), .text(parts[1])))
        return try rows.first.map { PartnerID(unchecked: try $0.text("partner_id")) }
    }

    static func wasVoidedAhead(_ id: String, in transaction: any Transaction) async throws -> Bool {
        let rows = try await transaction.query(
            SQLStatement(
                "select message_id from university.voided_ahead where message_id = $1", name: "VoidedAhead",
                .text(id)))
        return !rows.isEmpty
    }

    static func void(_ id: String, at now: Timestamp, in transaction: any Transaction) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update university.message set voided_at = $2 where message_id = $1 and voided_at is null
                """, name: "VoidMessage", .text(id), .timestamp(now)))
    }

    static func voidAhead(_ id: String, at now: Timestamp, in transaction: any Transaction) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                insert into university.voided_ahead (message_id, voided_at)
                values ($1, $2)
                on conflict (message_id) do nothing
                """, name: "VoidAhead", .text(id), .timestamp(now)))
    }

    /// The completions of a partner that were not taken back.
    static func completions(of partner: PartnerID, in transaction: any Transaction) async throws -> [Completion] {
        try await transaction.query(
            SQLStatement(
                """
                select course, learner, completed_at
                from university.message
                where partner_id = $1 and kind = 'completion' and voided_at is null
                order by completed_at, message_id
                """, name: "CompletionsOfPartner", .text(partner.text))
        ).map { row in
            Completion(
                course: try row.text("course"), learner: try row.text("learner"), partner: partner,
                at: try row.timestamp("completed_at"))
        }
    }

    /// A certification rests on the completions of these courses from now on.
    static func settle(
        _ courses: [String], of partner: PartnerID, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            SQLStatement(
                """
                update university.message
                set is_settled = true
                where partner_id = $1 and kind = 'completion' and voided_at is null and course = any ($2)
                """, name: "SettleCompletions", .text(partner.text), .textArray(courses)))
    }
}
