import Foundation
import RequirementTags
import Testing

/// The story of the business on a served node, as a newcomer sees it, and the commands around it.
@Suite struct StoryTests {
    private let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Samples").path

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(.requirement("D8", "D18", "D25", "D28", "D34"))
    func `the story is played when the node serves, and again with other names`() async throws {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder, "--demo", "--samples", samples])
            let server = "127.0.0.1:\(try await node.port())"
            for _ in 0..<2 {
                let story = try await Command.run([
                    "demo", "--server", server, "--data-dir", folder, "--samples", samples,
                ])
                #expect(story.status == 0, "\(story.errors)")
                for sentence in [
                    "2 waiting for a certification", "the holding tenant is active; 2 PCs",
                    "Without View there is no case", "submitted under the reference RB00000001",
                    "It has switched self-service alerts on: true", "pop-up false",
                    "The same report answers; nothing was applied again",
                ] {
                    #expect(story.output.contains(sentence))
                }
            }
            let tokens = try await Command.run(["token", "list", "--data-dir", folder])
            let isPlaying = tokens.output.split(separator: "\n").contains {
                $0.contains("university:demo") && $0.contains("good until")
            }
            #expect(!isPlaying, "the tokens of the story are revoked at its end")
            #expect(await node.stop() == 0)
        }
    }

    @Test(.requirement("D14", "D15", "Q20")) func `report files are sent, told line by line, and not applied twice`()
        async throws
    {
        try await Command.withFolder { folder in
            let node = try await ServedNode.start(["--data-dir", folder])
            let server = "127.0.0.1:\(try await node.port())"
            let token = try await Command.run([
                "token", "create", "--kind", "reporter", "--reporter", "DISTIT01", "--data-dir", folder,
            ]).output.trimmingCharacters(in: .whitespacesAndNewlines)
            let connection = ["--server", server, "--token", token]
            let files = ["report-867.x12", "report-slsrpt.edi", "report-pos.csv"].map { "\(samples)/\($0)" }
            let sent = try await Command.run(["report"] + files + connection)
            #expect(sent.status == 0, "\(sent.errors)")
            for sentence in ["report-867.x12 (x12): processed", "report-slsrpt.edi (edifact)", "report-pos.csv (csv)"] {
                #expect(sent.output.contains(sentence))
            }
            #expect(sent.output.contains("5CG6081BCD: pending"), "what was not accepted is told")
            let again = try await Command.run(["report", files[0], "--json"] + connection)
            let report = try #require((try object(again.output)["reports"] as? [[String: Any]])?.first)
            #expect(report["replayed"] as? Bool == true)
            #expect((report["notAccepted"] as? [Any])?.isEmpty == false)

            let broken = folder + "/broken.x12"
            try Data("ISA*00*nothing else~".utf8).write(to: URL(filePath: broken))
            #expect(try await Command.run(["report", broken, "--format", "x12"] + connection).status == 1)
            #expect(try await Command.run(["report", "/nowhere.csv"] + connection).status == 64)
            #expect(try await Command.run(["report", files[0], "--format", "pdf"] + connection).status == 64)
            let wrongToken = ["--server", server, "--token", "hf_reporter_0000000000000000000000"]
            #expect(try await Command.run(["report", files[0]] + wrongToken).status == 77)
            #expect(await node.stop() == 0)
        }
    }

    @Test(.requirement("Q7", "Q10")) func `a configuration replaces the catalogues and the webhook secret`()
        async throws
    {
        try await Command.withFolder { folder in
            let file = folder + "/settings.json"
            let settings = #"""
                {"grace":5,"alerts":[{"type":"coffee-empty","severity":"low"}],"carePacks":{"U7897E":"premium"},
                 "courses":{"tracks":[{"partnerType":"SERVICE_DELIVERY","tiers":["premium"],"allOf":["42"]}]},
                 "universityWebhookSecret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
                """#
            try Data(settings.utf8).write(to: URL(filePath: file))
            let node = try await ServedNode.start(["--config", file, "--data-dir", folder])
            let server = "127.0.0.1:\(try await node.port())"
            let call = ["--server", server, "--data-dir", folder]
            let unknown = try await Command.run(
                ["call", "alert.raise", #"{"serial":"5CG6101KLM","type":"battery-replace"}"#] + call)
            #expect(unknown.errors.contains("must be one of coffee-empty"))
            let known = try await Command.run(
                ["call", "alert.raise", #"{"serial":"5CG6101KLM","type":"coffee-empty"}"#] + call)
            #expect(known.errors.contains("device.notFound"))
            #expect(await node.stop() == 0)

            for (text, name) in [
                (#"{"alerts":[{"type":"coffee","severity":"terrible"}]}"#, "alerts[0].severity"),
                (#"{"carePacks":{"hello":"premium"}}"#, "carePacks.hello"), (#"{"courses":{}}"#, "tracks"),
                (#"{"universityWebhookSecret":"secret"}"#, "whsec_"), ("{", "no JSON"),
            ] {
                try Data(text.utf8).write(to: URL(filePath: file))
                let refused = try await Command.run(["serve", "--config", file, "--data-dir", folder])
                #expect(refused.status == 78)
                #expect(refused.errors.contains(name))
            }
        }
    }
}
