/// Growing pauses between tries, each a random part of its longest length, so that many do not come back at once.
struct Backoff {
    private var ceiling: Duration = .milliseconds(20)
    private let ceilingMax: Duration

    init(ceilingMax: Duration = .seconds(1)) { self.ceilingMax = ceilingMax }

    mutating func wait() async {
        let pause = ceiling * Double.random(in: 0.5...1)
        ceiling = min(ceiling * 2, ceilingMax)
        try? await Task.sleep(for: pause)
    }
}
