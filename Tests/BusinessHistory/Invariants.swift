package import Postgres
import WorkflowKit

/// What holds of the database whatever happened, once nothing is under way.
package enum Invariants {
    /// Each statement counts what must not be.
    private static let never: [(rule: String, statement: SQLStatement)] = [
        (
            "a PC is in two places, or in one that is nobody's",
            SQLStatement(
                """
                select count(*) as count
                from holding.device
                left join holding.customer using (customer_id)
                left join holding.holding_tenant on holding_tenant.partner_id = device.held_by
                where (device.customer_id is not null and customer.partner_id is distinct from device.partner_id)
                   or (device.held_by is not null and holding_tenant.partner_id is null)
                """)
        ),
        (
            "a sale waits although its partner is certified",
            SQLStatement(
                """
                select count(*) as count
                from holding.device
                join holding.certification on certification.partner_id = device.sold_by
                where device.partner_id is null
                """)
        ),
        (
            "a dashboard was switched on twice",
            SQLStatement(
                """
                select count(*) as count
                from (
                    select data->>'customerId'
                    from holdfast.event
                    where type = 'selfService.reenabled'
                    group by 1
                    having count(*) > 1
                ) as twice
                """)
        ),
        (
            "a dashboard has a covered PC and was not switched on, or was without one",
            SQLStatement(
                """
                select count(*) as count
                from holding.customer
                where (first_covered_at is null and exists (
                        select from holding.device_seen
                        where device_seen.customer_id = customer.customer_id and tier is not null))
                   or (first_covered_at is not null and not exists (
                        select from holdfast.event
                        where type = 'selfService.reenabled'
                          and data->>'customerId' = customer.customer_id::text))
                """)
        ),
        (
            "a PC's user made a case without View, or an alert has two cases",
            SQLStatement(
                """
                select count(*) as count
                from (
                    select alert_id
                    from support_cases.repair_case
                    join support_cases.alert using (alert_id)
                    group by alert_id
                    having count(*) > 1 or bool_or(submitter like 'device:%' and not was_delivered)
                ) as wrong
                """)
        ),
        (
            "a case goes to HP and to the partner",
            SQLStatement(
                """
                select count(*) as count
                from support_cases.repair_case
                where (routed_to = 'csdp') <> (handler = 'partner')
                """)
        ),
        (
            "a line of a report has no outcome, or a report has no end",
            SQLStatement(
                """
                select (select count(*) from sell_through.report where status not in ('processed', 'rejected'))
                    + (select count(*) from sell_through.report where lines > 0 and not exists (
                        select from sell_through.report_item where report_item.report_id = report.report_id)) as count
                """)
        ),
        (
            "a PC that was heard of has no history",
            SQLStatement(
                """
                select count(*) as count
                from holding.device
                where (sold_by is not null or partner_id is not null)
                  and not exists (
                      select from holding.device_history where device_history.device_id = device.device_id)
                """)
        ),
        (
            "an event tells a partner of a PC that was never its own",
            SQLStatement(
                """
                select count(*) as count
                from holdfast.event, unnest(audiences) as audience
                where type = 'device.transferred' and audience like 'partner:%' and exists (
                    select from jsonb_array_elements_text(data->'serials') as serial
                    where not exists (
                        select from holding.device_history
                        join holding.device using (device_id)
                        where device.serial = serial and 'partner:' || device_history.partner_id = audience))
                """)
        ),
    ]

    /// The rules that are broken.
    package static func broken(_ pool: PostgresPool) async throws -> [String] {
        var broken: [String] = []
        for (rule, statement) in never where try await pool.query(statement)[0].int("count") > 0 { broken.append(rule) }
        return broken
    }

    /// Everything that the business knows, in one word: equal if nothing changed.
    package static func digest(_ pool: PostgresPool) async throws -> String {
        try await pool.query(
            SQLStatement(
                """
                select md5(string_agg(row, '|' order by row)) as digest
                from (
                    select 'device' || (device.*)::text from holding.device
                    union all select 'claim' || device_id || partner_id || kind from holding.device_claim
                    union all select 'history' || entry_id from holding.device_history
                    union all select 'cover' || serial || part || coalesce(tier, '') from holding.cover
                    union all select 'customer' || (customer.*)::text from holding.customer
                    union all select 'tenant' || (holding_tenant.*)::text from holding.holding_tenant
                    union all select 'certification' || (certification.*)::text from holding.certification
                    union all select 'transfer' || transfer_id from holding.transfer
                    union all select 'alert' || alert_id || state from support_cases.alert
                    union all select 'case' || (repair_case.*)::text from support_cases.repair_case
                    union all select 'step' || entry_id from support_cases.repair_history
                    union all select 'report' || report_id || status from sell_through.report
                    union all select 'item' || report_id || item || outcome from sell_through.report_item
                ) as everything (row)
                """)
        )[0].text("digest")
    }
}
