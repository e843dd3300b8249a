/// A small, fast generator of random numbers whose whole state is one number, so it fits into a journal.
///
/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
package struct SplitMix: RandomNumberGenerator, Sendable {
    package var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Evenly drawn from 0 up to, but without, 1.
    package mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
