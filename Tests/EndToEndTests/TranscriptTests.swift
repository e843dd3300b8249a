import Testing

extension ProtocolTests {
    /// The transcripts of the folder beside this file.
    @Suite struct TranscriptTests {
        @Test(arguments: Transcript.all)
        func `the server answers as the transcript says`(transcript: Transcript) async throws {
            try await transcript.play(on: try ProvenNode.required())
        }

        @Test func `there are transcripts`() {
            #expect(Transcript.all.count > 50)
        }
    }
}
