/// The name among `names` that `name` was probably meant to be; nil when none is near.
///
/// Near means: as many single-character insertions, deletions and replacements as a third of the name's length, two
/// at least; letters' case does not count.
package func nearestName(to name: String, among names: some Sequence<String>) -> String? {
    // A longer name is no typing mistake of one of ours, and the comparison is quadratic.
    guard name.utf8.count <= 64 else { return nil }
    let target = Array(name.lowercased().utf8)
    let farthest = max(2, target.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in names {
        let distance = editDistance(target, Array(candidate.lowercased().utf8))
        if distance <= farthest, distance < candidate.utf8.count, distance < best?.distance ?? .max {
            best = (candidate, distance)
        }
    }
    return best?.name
}

private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var previous = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            let replaced = previous[column] + (byte == other ? 0 : 1)
            current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[right.count]
}
