import Testing

@testable import RPCServer

@Suite struct BatchAnswerTests {
    func answer(_ members: [(String?, String?)]) -> BatchAnswer {
        var answer = BatchAnswer(openRequests: members.count)
        for (text, substitute) in members {
            answer.finish(text.map { Array($0.utf8) }, substitute: substitute.map { Array($0.utf8) })
        }
        return answer
    }

    func line(_ members: [(String?, String?)], max: Int) -> String? {
        answer(members).line(lineBytesMax: max).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `answers leave together`() {
        #expect(line([("1", nil), (nil, nil), ("2", nil)], max: 100) == "[1,2]")
        #expect(answer([("1", nil)]).openRequests == 0)
    }

    @Test func `notifications alone are not answered`() {
        #expect(line([(nil, nil), (nil, nil)], max: 100) == nil)
    }

    @Test func `the largest answers give way when the line would be too long`() {
        #expect(line([("aaaa", "x"), ("bbbbbbbb", "y"), ("c", nil)], max: 12) == "[aaaa,y,c]")
        #expect(line([("aaaa", "x"), ("bbbbbbbb", "y"), ("c", nil)], max: 7) == "[x,y,c]")
    }

    @Test func `what cannot give way is sent all the same`() {
        #expect(line([("aaaa", nil), ("bb", "longer")], max: 3) == "[aaaa,bb]")
    }
}
