import Testing
import WorkflowCore
import WorkflowEngine
import WorkflowKit

/// The methods, on a node that serves.
@Suite struct ScheduleMethodTests {
    private func put(
        _ name: String, _ times: String, overlap: String = "allow", workflow: String = Tick.name,
        input: String = "{}"
    ) -> String {
        """
        {"name":"\(name)","workflow":"\(workflow)","input":\(input),\(times),"missed":"all","overlap":"\(overlap)"}
        """
    }

    @Test func `a schedule starts runs until it is removed`() async throws {
        try await ScheduleClient.serving { client in
            var arrivals = Arrivals.of("until removed").makeAsyncIterator()
            let answer = try await client.call(
                "schedule.put", put("s", #""everyMs":100"#, input: #"{"label":"until removed"}"#))
            #expect(answer["name"] == .string("s"))
            #expect(answer["nextAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } != nil)
            for _ in 0..<3 { await arrivals.next() }
            #expect(try await client.call("schedule.remove", #"{"name":"s"}"#)["removed"] == .bool(true))
            #expect(try await client.call("schedule.list", "{}")["items"] == .array([]))
        }
    }

    @Test func `a start that waits is made when the open run has ended`() async throws {
        try await ScheduleClient.serving { client in
            let node = client.node
            var arrivals = Arrivals.of("waits").makeAsyncIterator()
            try await client.call(
                "schedule.put",
                put(
                    "s", #""everyMs":100000000"#, overlap: "queue", workflow: Gate.name,
                    input: #"{"label":"waits"}"#))
            let first = try await client.call("schedule.trigger", #"{"name":"s"}"#)
            #expect(first["created"] == .bool(true))
            let second = try await client.call("schedule.trigger", #"{"name":"s"}"#)
            #expect(second["created"] == .bool(false))
            #expect(second["runId"] == first["runId"])

            let run = try #require(first["runId"]?.stringValue.flatMap { RunID($0) })
            try await node.signal(run, name: "go", payload: Array("true".utf8))
            #expect(try await node.wait(run, timeout: .seconds(60))?.status == .completed)
            for _ in 0..<2 { await arrivals.next() }
            let waited = try await node.openRun(workflow: Gate.name, key: "schedule:s")
            #expect(waited != nil)
            #expect(waited != run)
            #expect(try await client.schedule()?.waitingSince == nil)
        }
    }

    @Test func `a list gives back what was put, page by page`() async throws {
        try await ScheduleClient.serving { client in
            let cron = #""cron":"0 3 * * *","timeZone":"Europe/Rome""#
            for name in ["a", "b", "c"] { try await client.call("schedule.put", put(name, cron, overlap: "skip")) }
            let page = try await client.call("schedule.list", #"{"limit":2}"#)
            let items = try #require(page["items"]?.arrayValue)
            #expect(items.map { $0["name"] } == [.string("a"), .string("b")])
            #expect(items[0]["cron"] == .string("0 3 * * *"))
            #expect(items[0]["timeZone"] == .string("Europe/Rome"))
            #expect(items[0]["everyMs"] == nil)
            #expect(items[0]["overlap"] == .string("skip"))
            #expect(items[0]["lastFiredAt"] == nil)
            let cursor = try #require(page["nextCursor"]?.stringValue)
            let rest = try await client.call("schedule.list", #"{"limit":2,"cursor":"\#(cursor)"}"#)
            #expect(rest["items"]?.arrayValue?.map { $0["name"] } == [.string("c")])
            #expect(rest["nextCursor"] == .null)
        }
    }

    @Test(arguments: [
        (#""cron":"61 * * * *","timeZone":"Nowhere""#, ["cron", "timeZone"]),
        (#""cron":"* * * * *""#, ["timeZone"]),
        (#""cron":"* * * * *","timeZone":"UTC","everyMs":1000"#, ["everyMs"]),
        (#""everyMs":1000,"timeZone":"UTC""#, ["timeZone"]),
        (#""everyMs":1"#, ["everyMs"]),
        (#""cron":null"#, ["cron"]),
    ])
    func `what is wrong with a schedule's times is told by field`(times: String, paths: [String]) async throws {
        try await ScheduleClient.serving { client in
            let error = try await client.refusal("schedule.put", put("s", times))
            #expect(error?.code == .invalidParams)
            #expect(error?.fields.map(\.path) == paths)
            #expect(try await client.schedule() == nil)
        }
    }

    @Test func `an input that does not fit, and names that nobody has, are refused`() async throws {
        try await ScheduleClient.serving { client in
            let wrongInput =
                #"{"name":"s","workflow":"test.tick","input":{"label":7},"everyMs":1000,"missed":"all","overlap":"skip"}"#
            let calls = [
                ("schedule.put", wrongInput, "params.invalid"),
                ("schedule.put", put("s", #""everyMs":1000"#, workflow: "none"), "workflow.notFound"),
                ("schedule.remove", #"{"name":"none"}"#, "schedule.notFound"),
                ("schedule.trigger", #"{"name":"none"}"#, "schedule.notFound"),
            ]
            for (method, params, type) in calls {
                let error = try await client.refusal(method, params)
                #expect(error?.type == type)
            }
        }
    }
}
