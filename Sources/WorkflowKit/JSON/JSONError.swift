/// Why a text is not the JSON that RFC 8259 describes, and at which byte.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// The text ended inside a value, or is empty.
        case unexpectedEnd
        /// A byte that may not stand there.
        case unexpectedByte(UInt8)
        /// Something follows the value.
        case trailingBytes
        case trailingComma
        case byteOrderMark
        case duplicateKey(String)
        case invalidUTF8
        /// A control character below U+0020 stands in a string without an escape.
        case controlCharacter(UInt8)
        case invalidEscape
        /// Half a surrogate pair, which is no character.
        case loneSurrogate
        case invalidNumber
        case leadingZero
        case tooDeep(limit: Int)
        case numberTooLong(limit: Int)
    }

    public let reason: Reason
    /// Counted from 0, in bytes.
    public let offset: Int

    public init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "\(sentence) at byte \(offset)" }

    private var sentence: String {
        switch reason {
        case .unexpectedEnd: "the text ends inside a value"
        case .unexpectedByte(let byte) where (0x21...0x7E).contains(byte):
            "unexpected \"\(Character(UnicodeScalar(byte)))\""
        case .unexpectedByte(let byte): "unexpected byte \(byte)"
        case .trailingBytes: "something follows the value"
        case .trailingComma: "a comma stands before the closing bracket"
        case .byteOrderMark: "a byte-order mark stands before the value"
        case .duplicateKey(let key): "the key \"\(key.prefix(64))\" stands twice in one object"
        case .invalidUTF8: "invalid UTF-8"
        case .controlCharacter(let byte): "control character \(byte) inside a string"
        case .invalidEscape: "invalid escape"
        case .loneSurrogate: "half a surrogate pair"
        case .invalidNumber: "invalid number"
        case .leadingZero: "a number begins with a needless zero"
        case .tooDeep(let limit): "more than \(limit) nested arrays and objects"
        case .numberTooLong(let limit): "a number of more than \(limit) characters"
        }
    }
}

/// What a reader of JSON puts up with.
public struct JSONLimits: Hashable, Sendable {
    /// Most arrays and objects inside each other, the outermost one included.
    public var depth: Int
    /// Most characters of one number.
    public var numberBytes: Int

    /// Deeper than this a reader's own stack would be at risk.
    public static let depthMax = 512
    public static let `default` = JSONLimits(depth: 64, numberBytes: 1_024)

    public init(depth: Int, numberBytes: Int) {
        precondition((1...Self.depthMax).contains(depth), "a depth limit is between 1 and \(Self.depthMax)")
        precondition(numberBytes > 0, "a number has at least one character")
        self.depth = depth
        self.numberBytes = numberBytes
    }
}
