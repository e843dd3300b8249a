package import Foundation
package import WorkflowKit

/// The self-service switches of dashboards as the database has them.
package enum SelfServiceBook {
    /// PCs came to these dashboards, or PCs there gained their cover: the first covered one switches self-service
    /// alerts on, once for each dashboard, and the partner is told.
    ///
    /// - Returns: the dashboards whose first covered PC it was.
    @discardableResult
    package static func noteCovered(
        _ customers: [UUID], at now: Timestamp, in transaction: any Transaction
    ) async throws(SQLError) -> [UUID] {
        guard !customers.isEmpty else { return [] }
        let rows = try await transaction.query(
            SQLStatement(
                """
                with first as (
                    select customer_id, partner_id, self_service_alerts
                    from holding.customer
                    where customer_id = any ($1)
                      and first_covered_at is null
                      and exists (
                          select from holding.device
                          join holding.cover using (serial)
                          where device.customer_id = customer.customer_id
                            and cover.tier is not null)
                    order by customer_id
                    for update
                )
                update holding.customer
                set self_service_alerts = true, first_covered_at = $2
                from first
                where customer.customer_id = first.customer_id and customer.first_covered_at is null
                returning customer.customer_id, customer.partner_id, first.self_service_alerts as was_on
                """, name: "NoteFirstCovered", .uuidArray(customers), .timestamp(now)))
        var first: [UUID] = []
        for row in rows {
            first.append(try row.uuid("customer_id"))
            let (customer, partner) = (try row.uuid("customer_id").uuidString.lowercased(), try row.text("partner_id"))
            try await transaction.emit(
                Event(
                    "selfService.reenabled", to: [.partner(partner), .customer(customer)], at: now,
                    data: [
                        "customerId": .string(customer), "wasOff": .bool(try !row.bool("was_on")),
                        "firstCoveredAt": .string(now.rfc3339()),
                    ]))
        }
        return first
    }
}
