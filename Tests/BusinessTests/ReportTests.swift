import BusinessHistory
import Crypto
import Foundation
import Postgres
import RequirementTags
import Testing
import WorkflowKit

/// From a distributor's file to PCs on a partner's page, through methods and workflows.
@Suite(.serialized) struct ReportTests {
    private let distributor = Principal.reporter("DISTIT01")
    private let beta = Principal.partner("10284417")

    private func sale(_ serial: String, of partner: String, product: String = "9G2J7ET") -> String {
        "reseller_id,product_number,serial_number,quantity\n\(partner),\(product),\(serial),1\n"
    }

    private func sales(_ count: Int, of partner: String) -> String {
        let tails = Array("0123456789BCDFGHJKLMNPQRSTVWXYZ")
        var text = "reseller_id,product_number,serial_number,quantity\n"
        for number in 0..<count {
            let tail = [number / 29_791, number / 961 % 31, number / 31 % 31, number % 31].map { tails[$0] }
            text += "\(partner),9G2J7ET,5CG610\(String(tail)),1\n"
        }
        return text
    }

    @Test(.requirement("D14", "D15", "D16", "D18", "Q7"))
    func `a report brings PCs and their care packs to the certified partner, and answers in X12`() async throws {
        try await Business.with { business in
            try await business.certify("10284417")
            let report = try await business.report("x12", try sample("report-867.x12"), as: distributor)
            #expect(report["status"] == "processed")
            #expect(
                report["counts"]
                    == ["lines": 3, "devices": 2, "accepted": 5, "rejected": 0, "warnings": 0, "pending": 0])
            #expect(try await business.unassigned("10284417") == ["5CG6081BCD", "5CG6081BCF"])
            let device = try await business.call("device.get", ["serial": "5cg6081bcd"], as: beta)
            #expect(device["entitlement"] == "premium-plus")
            #expect(device["place"] == "unassigned")
            #expect(device["reportedBy"] == "DISTIT01")
            #expect(device["endCustomer"] == "STUDIO GAMMA")
            for (name, mark) in [("ta1", "TA1*000000417*"), ("x997", "AK9*A*1*1*1"), ("x824", "OTI*TA*")] {
                let text = report["acknowledgements"]?[name]?.stringValue ?? ""
                #expect(text.hasPrefix("ISA*") && text.contains(mark) && text.contains("IEA*"), "\(name): \(text)")
            }
            let tenant = try await business.call("tenant.get", as: beta)
            #expect(tenant["unassignedVisible"] == true)
            #expect(tenant["unassignedCount"] == 2)
            #expect(try await business.trace("5CG6081BCD", as: beta) == "visible")
        }
    }

    @Test func `the same bytes answer as before, and the same control number with other bytes is refused`() async throws
    {
        try await Business.with { business in
            try await business.certify("10284417")
            let text = try sample("report-867.x12")
            let first = try await business.report("x12", text, as: distributor)
            let again = try await business.call(
                "report.submit", ["format": "x12", "content": .string(text)], as: distributor)
            #expect(again["reportId"] == first["reportId"])
            #expect(again["replayed"] == true)
            let other = text.replacing("5CG6081BCF", with: "5CG6081BCG")
            let refusal = try await business.refusal(
                "report.submit", ["format": "x12", "content": .string(other)], as: distributor)
            #expect(refusal?.code == .conflict)
            #expect(try await business.unassigned("10284417") == ["5CG6081BCD", "5CG6081BCF"])
            let foreign = try await business.refusal(
                "report.submit", ["format": "x12", "content": .string(text)], as: .reporter("OTHER"))
            #expect(foreign?.code == .invalidParams, "somebody else's interchange")
        }
    }

    @Test(.requirement("D17", "Q13"))
    func `a report before the certification waits, and the certification brings its PCs in`() async throws {
        try await Business.with { business in
            let report = try await business.report("csv", sale("5CG6101KLM", of: "77"), as: distributor)
            #expect(report["counts"]?["pending"] == 1)
            try await business.certify("77")
            #expect(try await business.unassigned("77") == ["5CG6101KLM"])
            #expect(try await business.trace("5CG6101KLM", as: .partner("77")) == "visible not-entitled")
        }
    }

    /// Whoever looks first, no PC may be left between a report that finds the partner not certified and a certification
    /// that finds no PC.
    @Test(.requirement("D17")) func `a report and a certification at the same moment lose no PC`() async throws {
        try await Business.with { business in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 10..<22 {
                    group.addTask { try await business.certify("P\(number)") }
                    group.addTask {
                        _ = try await business.report(
                            "csv", sale("5CG6101K\(number)", of: "P\(number)"), as: .reporter("R\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            for number in 10..<22 {
                #expect(try await business.unassigned("P\(number)") == ["5CG6101K\(number)"])
            }
        }
    }

    @Test(.requirement("D5", "Q11", "Q12"))
    func `a PC that was sold twice stays where it is, and nobody learns of the other`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            try await business.certify("P2")
            _ = try await business.report("csv", sale("5CG6101KLM", of: "P1"), as: distributor)
            let second = try await business.report("csv", sale("5CG6101KLM", of: "P2"), as: .reporter("D2"))
            #expect(second["counts"]?["rejected"] == 1)
            #expect(try await business.unassigned("P1") == ["5CG6101KLM"])
            #expect(try await business.unassigned("P2") == [])
            #expect(try await business.trace("5CG6101KLM", as: .partner("P2")) == "under-review")
            let known = try await business.refusal("device.get", ["serial": "5CG6101KLM"], as: .partner("P2"))
            let unknown = try await business.refusal("device.get", ["serial": "5CG6101KLN"], as: .partner("P2"))
            #expect(known?.code == .notFound)
            #expect(known == unknown)
            let lines = try await business.call(
                "report.lines", ["reportId": second["reportId"]!, "outcome": "rejected"], as: .reporter("D2"))
            #expect(lines["items"]?[0]?["code"] == "sale.attributed-to-another")
            let stranger = try await business.refusal(
                "report.lines", ["reportId": second["reportId"]!], as: distributor)
            #expect(stranger?.code == .notFound)
        }
    }

    @Test(.requirement("D19")) func `a return takes the PC off the page, and the trace says so`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            _ = try await business.report("csv", sale("5CG6101KLM", of: "P1"), as: distributor)
            let back =
                "transaction_type,reseller_id,product_number,serial_number,quantity\n"
                + "RETURN,P1,9G2J7ET,5CG6101KLM,-1\n"
            let report = try await business.report("csv", back, as: distributor)
            #expect(report["counts"]?["accepted"] == 1)
            #expect(try await business.unassigned("P1") == [])
            #expect(try await business.trace("5CG6101KLM", as: .partner("P1")) == "returned")
            #expect(try await business.call("tenant.get", as: .partner("P1"))["unassignedVisible"] == true)
        }
    }

    @Test func `reports at the same moment that name the same new PCs give each of them one partner`() async throws {
        try await Business.with { business in
            let serials = (0..<300).map { "5CG6101\(String(format: "%03d", $0))" }
            for partner in ["P1", "P2", "P3"] { try await business.certify(partner) }
            try await withThrowingTaskGroup { group in
                for (number, partner) in ["P1", "P2", "P3"].enumerated() {
                    let rows = serials.map { "\(partner),9G2J7ET,\($0),1\n" }
                    let text = "reseller_id,product_number,serial_number,quantity\n" + rows.joined()
                    group.addTask {
                        let report = try await business.report("csv", text, as: .reporter("DISTIT0\(number)"))
                        #expect(report["status"] == "processed")
                    }
                }
                try await group.waitForAll()
            }
            var held: [String] = []
            for partner in ["P1", "P2", "P3"] {
                var cursor: JSON = .null
                repeat {
                    let page = try await business.call(
                        "device.list", ["place": "unassigned", "limit": 1_000, "cursor": cursor], as: .partner(partner))
                    held += page["items"]?.arrayValue?.compactMap { $0["serial"]?.stringValue } ?? []
                    cursor = page["nextCursor"] ?? .null
                } while cursor != .null
            }
            #expect(held.sorted() == serials)
        }
    }

    @Test func `a test interchange changes nothing and uses up no number`() async throws {
        try await Business.with { business in
            try await business.certify("10284417")
            let text = try sample("report-867.x12")
            let test = text.replacing("*0*P*>", with: "*0*T*>")
            let report = try await business.report("x12", test, as: distributor)
            #expect(report["isTest"] == true)
            #expect(try await business.unassigned("10284417") == [])
            let real = try await business.report("x12", text, as: distributor)
            #expect(real["counts"]?["accepted"] == 5)
            #expect(try await business.unassigned("10284417").count == 2)
        }
    }

    @Test(.requirement("Q20")) func `an uploaded file of many PCs is applied whole, in chunks`() async throws {
        try await Business.with { business in
            try await business.certify("P1")
            let bytes = Data(sales(4_500, of: "P1").utf8)
            let sum = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
            let upload = try await business.call(
                "upload.begin", ["bytes": .int(bytes.count), "sha256": .string(sum)], as: distributor)
            let id = try #require(upload["uploadId"])
            let half = bytes.count / 2
            for (offset, part) in [(0, bytes[..<half]), (half - 10, bytes[(half - 10)...])] {
                try await business.call(
                    "upload.append",
                    ["uploadId": id, "offset": .int(offset), "data": .string(part.base64EncodedString())],
                    as: distributor)
            }
            let stranger = try await business.refusal("upload.status", ["uploadId": id], as: .reporter("OTHER"))
            #expect(stranger?.code == .notFound)
            let submitted = try await business.call(
                "report.submit", ["format": "csv", "uploadId": id], as: distributor)
            let report = try await business.call(
                "report.get", ["reportId": submitted["reportId"]!, "waitMs": 120_000], as: distributor)
            #expect(report["counts"]?["accepted"] == 4_500)
            #expect(try await business.call("tenant.get", as: .partner("P1"))["unassignedCount"] == 4_500)
            var seen = Set<String>()
            var cursor: JSON?
            repeat {
                var params: JSONObject = ["limit": 1_000]
                if let cursor { params["cursor"] = cursor }
                let page = try await business.call("device.list", .object(params), as: .partner("P1"))
                for item in page["items"]?.arrayValue ?? [] { seen.insert(item["serial"]?.stringValue ?? "") }
                cursor = page["nextCursor"]
            } while cursor?.isNull == false
            #expect(seen.count == 4_500)
        }
    }

    /// Whoever takes the run over finds its place in the file again.
    @Test func `a report of many PCs is applied whole, and each line once, although the engine is killed meanwhile`()
        async throws
    {
        try await Business.with { business in
            try await business.certify("P1")
            let submitted = try await business.call(
                "report.submit", ["format": "csv", "content": .string(sales(9_000, of: "P1"))], as: distributor)
            let id = try #require(submitted["reportId"]?.stringValue.flatMap(UUID.init(uuidString:)))
            for lines in [2_000, 6_000] {
                var written = 0
                while written < lines {
                    written = try await business.pool.query(
                        SQLStatement(
                            "select count(*) as count from sell_through.report_item where report_id = $1", .uuid(id)))[
                            0
                        ].int("count")
                }
                try await business.engine.kill(business.pool)
            }
            let report = try await business.call(
                "report.get", ["reportId": submitted["reportId"]!, "waitMs": 120_000], as: distributor)
            #expect(report["status"] == "processed")
            #expect(report["counts"]?["accepted"] == 9_000)
            let lines = try await business.pool.query(
                SQLStatement(
                    """
                    select count(distinct serial) as serials, max(item) as items, max(line) as lines
                    from sell_through.report_item
                    where report_id = $1
                    """, .uuid(id)))[0]
            #expect(try lines.int("serials") == 9_000)
            #expect(try lines.int("items") == 9_000)
            #expect(try lines.int("lines") == 9_000)
            #expect(try await business.call("tenant.get", as: .partner("P1"))["unassignedCount"] == 9_000)
        }
    }
}
