import Testing

@testable import RPCServer

@Suite struct LineFramerTests {
    /// Feeds `text` in pieces of `size` bytes, as a connection would.
    func lines(_ text: String, pieces size: Int, max: Int = 100, atEnd: Bool = false) -> [String] {
        var framer = LineFramer(lineBytesMax: max)
        var kept: [UInt8] = []
        var found: [String] = []
        func note(_ next: LineFramer.Next) -> Bool {
            switch next {
            case .line(let range): found.append(String(decoding: kept[range], as: UTF8.self))
            case .incomplete: return false
            case .tooLong:
                found.append("<too long>")
                return false
            }
            return true
        }
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            kept += bytes[start..<min(start + size, bytes.count)]
            while note(framer.next(in: kept.span)) {}
            kept.removeFirst(framer.consumed)
            framer.rebase()
        }
        if atEnd { _ = note(framer.last(in: kept.span)) }
        return found
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `lines are found wherever the network cuts`(size: Int) {
        #expect(lines("one\r\n\n  \t\r\n two\nthree\n", pieces: size) == ["one", " two", "three"])
    }

    @Test(arguments: [1, 4])
    func `a last line without LF counts only at the end`(size: Int) {
        #expect(lines("one\ntwo", pieces: size) == ["one"])
        #expect(lines("one\ntwo", pieces: size, atEnd: true) == ["one", "two"])
        #expect(lines("one\n \r", pieces: size, atEnd: true) == ["one"])
    }

    @Test(arguments: [1, 5, 100])
    func `a line may have just as many bytes as allowed, its end not counted`(size: Int) {
        #expect(lines("12345\r\nx\n", pieces: size, max: 5) == ["12345", "x"])
        #expect(lines("1\n123456\nx\n", pieces: size, max: 5).prefix(2) == ["1", "<too long>"])
    }

    @Test func `a line that never ends is too long before it ends`() {
        #expect(lines("1234567", pieces: 7, max: 5) == ["<too long>"])
    }
}
