extension JSON {
    /// The same value with every whole number beyond 2^53 as text, because many languages read numbers as `Double` and
    /// would change it without a word. A number with a fraction or an exponent is one that its sender took for inexact.
    package var withSafeIntegers: JSON {
        // Nearly no value holds one, and looking is cheaper than building it anew.
        guard hasUnsafeInteger else { return self }
        switch self {
        case .number(let number): return number.isUnsafeInteger ? .string(number.spelling) : self
        case .array(let elements): return .array(elements.map(\.withSafeIntegers))
        case .object(let object):
            return .object(JSONObject(uniqueMembers: object.map { ($0.key, $0.value.withSafeIntegers) }))
        default: return self
        }
    }

    private var hasUnsafeInteger: Bool {
        switch self {
        case .number(let number): number.isUnsafeInteger
        case .array(let elements): elements.contains(where: \.hasUnsafeInteger)
        case .object(let object): object.contains { $0.value.hasUnsafeInteger }
        default: false
        }
    }
}
