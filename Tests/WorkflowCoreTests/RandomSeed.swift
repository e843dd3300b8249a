import Foundation

/// The seed of a random test: from `HOLDFAST_SEED`, else a new one; a failure prints it.
func randomSeed() -> UInt64 {
    ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap(UInt64.init) ?? .random(in: .min ... .max)
}
