internal import WorkflowKit

/// Collects the answers to the members of a batch, which leave together as one line.
struct BatchAnswer: Sendable {
    private struct Member: Sendable {
        let bytes: [UInt8]
        /// What is sent instead if the line gets too long; nil if the request changed something, because an error
        /// would say that it did not.
        let substitute: [UInt8]?
    }

    private var members: [Member] = []
    /// How many of the batch's requests are still at work.
    private(set) var openRequests: Int

    init(openRequests: Int) {
        self.openRequests = openRequests
    }

    /// An answer to one request has come; nil for a notification.
    mutating func finish(_ answer: [UInt8]?, substitute: [UInt8]?) {
        openRequests -= 1
        if let answer { members.append(Member(bytes: answer, substitute: substitute)) }
    }

    /// The whole line without its end; nil when there is nothing to answer.
    ///
    /// If it would be longer than `lineBytesMax`, the largest answers give way to errors, as long as that helps: many
    /// small answers together are longer than allowed rather than lost.
    func line(lineBytesMax: Int) -> [UInt8]? {
        guard !members.isEmpty else { return nil }
        var answers = members.map(\.bytes)
        var size = answers.reduce(answers.count + 1) { $0 + $1.count }
        if size > lineBytesMax {
            for index in answers.indices.sorted(by: { answers[$0].count > answers[$1].count }) {
                guard size > lineBytesMax, let substitute = members[index].substitute,
                    substitute.count < answers[index].count
                else { continue }
                size -= answers[index].count - substitute.count
                answers[index] = substitute
            }
        }
        var line: [UInt8] = []
        line.reserveCapacity(size)
        line.append(UInt8(ascii: "["))
        for (index, answer) in answers.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line.append(contentsOf: answer)
        }
        line.append(UInt8(ascii: "]"))
        return line
    }
}
