#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The seed of a random test: `HOLDFAST_SEED` if it is set, otherwise a new one; printed either way, so that a
/// failure can be run again.
public func testSeed(_ test: String) -> UInt64 {
    let chosen: UInt64
    if let text = unsafe getenv("HOLDFAST_SEED").map({ unsafe String(cString: $0) }), let number = UInt64(text) {
        chosen = number
    } else {
        chosen = UInt64.random(in: 0 ... .max)
    }
    print("\(test): HOLDFAST_SEED=\(chosen)")
    return chosen
}

/// SplitMix64: the same numbers from the same seed on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
