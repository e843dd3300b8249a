import BenchSupport
import Foundation
import Logging

/// Measures the engine against pgbench on the same server in the same run.
///
///     Benchmarks/PostgresBench/with-cluster.sh swift run -c release EngineBench speed [rounds] [seconds]
///     Benchmarks/PostgresBench/with-cluster.sh swift run -c release EngineBench closed [runs] [rounds] [seconds]
@main
enum EngineBench {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        func number(_ index: Int, or fallback: Int) -> Int {
            numbers.indices.contains(index) ? numbers[index] : fallback
        }
        do {
            switch arguments.first {
            case "speed": try await Speed(seconds: number(1, or: 5)).measure(rounds: number(0, or: 3))
            case "closed":
                try await ClosedRuns(seconds: number(2, or: 5)).measure(
                    runs: number(0, or: 1_000_000), rounds: number(1, or: 5))
            default:
                say("usage: EngineBench speed [rounds=3] [seconds=5] | closed [runs=1000000] [rounds=5] [seconds=5]")
                exit(64)
            }
        } catch {
            say("\(error)")
            exit(1)
        }
    }
}

/// Prints a line that is seen at once, also through a pipe.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
