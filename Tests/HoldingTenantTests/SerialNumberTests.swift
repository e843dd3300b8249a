import HoldingTenant
import RequirementTags
import Testing

@Suite struct SerialNumberTests {
    private func read(_ raw: String) -> String? {
        try? SerialNumber.read(raw).get().text
    }

    private func problem(_ raw: String) -> SerialProblem? {
        if case .failure(let problem) = SerialNumber.read(raw) { problem } else { nil }
    }

    @Test(arguments: ["5CG1234XYZ", "5CG6081BCD", "2UA4310K7M", "5CD1234567"])
    func `a serial number of the shape used since 2003 is read without a warning`(raw: String) throws {
        let serial = try SerialNumber.read(raw).get()
        #expect(serial.text == raw)
        #expect(serial.shape == .modern)
        #expect(serial.suggestions.isEmpty)
    }

    @Test(arguments: [
        ("5CG6541BCD", "week 54"), ("5CG6001BCD", "week 0"), ("5CG6081BCE", "a vowel at the end"),
        ("5CGX9X1BCDF", "eleven characters"), ("USE012345678", "twelve characters"),
    ])
    func `ten to twelve letters and digits in another order are accepted as unusual`(raw: String, why: String) throws {
        #expect(try SerialNumber.read(raw).get().shape == .unusual, "\(why)")
    }

    @Test(arguments: [
        (" 5cg6081bcd\t", "5CG6081BCD"), ("5CG 6081 BCD", "5CG6081BCD"), ("5CG6081BCD\u{A0}", "5CG6081BCD"),
        ("S5CG6081BCD", "5CG6081BCD"), ("1S5CG6081BCD", "5CG6081BCD"), ("s5cg6081bcd", "5CG6081BCD"),
        ("\u{FEFF}5CG6081BCD", "5CG6081BCD"), ("SCG6081BCD", "SCG6081BCD"),
    ])
    func `white space, lower case and bar-code identifiers are put right`(raw: String, expected: String) {
        #expect(read(raw) == expected)
    }

    @Test func `a leading S stays when the rest is not a serial number of the modern shape`() {
        #expect(read("S5CG6541BCD") == "S5CG6541BCD")
    }

    @Test(arguments: [
        ("", SerialProblem.Reason.empty), ("   ", .empty), ("5CG6081", .length), ("5CG6081BCDFGH", .length),
        ("5CG-6081BCD", .character), ("5CG6081BC\u{0411}", .character), ("5CG6081B\u{0}D", .character),
    ])
    func `what is no serial number is refused with the reason`(raw: String, reason: SerialProblem.Reason) {
        #expect(problem(raw)?.reason == reason)
    }

    @Test(arguments: [
        ("5CG6O81BCD", ["5CG6081BCD"]), ("5CG608IBCO", ["5CG6081BC0"]), ("OCG6081BCE", []),
    ])
    func `O and I are never read as digits, but the digits are offered`(raw: String, expected: [String]) throws {
        let serial = try SerialNumber.read(raw).get()
        #expect(serial.text == raw)
        #expect(serial.suggestions == expected)
    }

    @Test(arguments: [
        ("5CG-6081-BCD", ["5CG6081BCD"]), ("SN: 5CG6081BCD", ["5CG6081BCD"]), ("111234567", ["0111234567"]),
        ("5CG-6O81-BCD", ["5CG6081BCD"]), ("nonsense!", []),
    ])
    func `a refused serial number comes with what may have been meant`(raw: String, expected: [String]) {
        #expect(problem(raw)?.suggestions == expected)
    }

    @Test func `reading is stable: what was read reads the same again`() throws {
        var generator = SeededGenerator(seed: testSeed("reading is stable"))
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ s-.".unicodeScalars)
        for _ in 0..<20_000 {
            var raw = ""
            for _ in 0..<Int.random(in: 0...14, using: &generator) {
                raw.unicodeScalars.append(alphabet.randomElement(using: &generator)!)
            }
            switch SerialNumber.read(raw) {
            case .success(let serial):
                #expect(try SerialNumber.read(serial.text).get() == serial, "\(raw)")
                #expect(SerialNumber(normalised: serial.text) == serial, "\(raw)")
            case .failure(let problem):
                #expect(problem.suggestions.allSatisfy { SerialNumber(normalised: $0)?.shape == .modern }, "\(raw)")
            }
        }
    }
}

@Suite struct IdentifierTests {
    @Test(arguments: ["4Y0H8AV", "9G2J7ET", "9g2j7et#abz", " 9G2J7ET#ABD ", "12345"])
    func `product numbers are read with and without an option`(raw: String) {
        #expect(ProductNumber(raw) != nil)
    }

    @Test(arguments: ["", "1234", "12345678", "9G2J7ET#", "9G2J7ET#AB", "9G2J7ET#ABZ#ABD", "9G2J-ET"])
    func `what is no product number is refused`(raw: String) {
        #expect(ProductNumber(raw) == nil)
    }

    @Test func `a product number without an option is compatible with one that has it`() throws {
        let plain = try #require(ProductNumber("9G2J7ET"))
        let italian = try #require(ProductNumber("9G2J7ET#ABZ"))
        let german = try #require(ProductNumber("9G2J7ET#ABD"))
        #expect(plain.isCompatible(with: italian))
        #expect(!italian.isCompatible(with: german))
    }

    @Test(arguments: ["U7897E", "U8HC1E", "UF361E", "U5Z60E", "U04RYE", "U04RYPE", "u04rye"])
    func `care-pack part numbers are recognised`(raw: String) {
        #expect(CarePackPart(raw) != nil)
    }

    @Test(arguments: ["", "UE", "U1E", "9G2J7ET", "U12345E", "X04RYE", "U04RY"])
    func `what is no care-pack part number is refused`(raw: String) {
        #expect(CarePackPart(raw) == nil)
    }

    @Test(arguments: [
        ("", false), (" a", false), ("a\nb", false), ("10284417", true), (String(repeating: "x", count: 81), false),
    ])
    func `an identifier is 1 to 80 visible characters`(text: String, isValid: Bool) {
        #expect((PartnerID(text) != nil) == isValid)
    }

    @Test(
        .requirement("D1"),
        arguments: [
            ("HP Premium+ Support", Tier.premiumPlus), ("PREMIUMPLUS", .premiumPlus), ("premium-plus", .premiumPlus),
            ("Active Care", .premiumPlus), ("HP Active Care", .premiumPlus), ("ACTIVECARE", .premiumPlus),
            ("Premium+", .premiumPlus), ("premium", .premium), ("HP Premium Support", .premium), ("PREMIUM", .premium),
        ])
    func `every name of the service family is recognised, the former one too`(name: String, tier: Tier) {
        #expect(Tier(recognising: name) == tier)
    }

    @Test(.requirement("D3"), arguments: ["", "Essential", "HP Essential Support", "premiumplusplus", "care"])
    func `other services are not taken for Premium`(name: String) {
        #expect(Tier(recognising: name) == nil)
    }

    @Test func `one serial number with two product numbers is ambiguous until one is named`() throws {
        let first = try #require(ProductNumber("9G2J7ET"))
        let second = try #require(ProductNumber("4Y0H8AV"))
        #expect(DeviceMatch(asking: nil, among: [first, second]) == .ambiguous)
        #expect(DeviceMatch(asking: second, among: [first, second]) == .one(1))
        #expect(DeviceMatch(asking: ProductNumber("XXXXX"), among: [first, second]) == .none)
        #expect(DeviceMatch(asking: nil, among: [nil]) == .one(0))
        #expect(DeviceMatch(asking: first, among: [nil, first]) == .one(1))
    }

    @Test func `every day is the same after it was written and counted`() throws {
        for number in stride(from: Int32(0), to: 40_000, by: 1) {
            let date = CalendarDate(utcDay: number)
            #expect(date.utcDay == number)
            #expect(CalendarDate(compact: date.compact) == date)
            #expect(CalendarDate(iso: date.description) == date)
        }
        #expect(CalendarDate(utcDay: 0).description == "1970-01-01")
        #expect(CalendarDate(compact: "20260305")?.utcDay == 20_517)
    }

    @Test(arguments: ["20260229", "20261301", "20260100", "2026030", "2026-305", "00000000"])
    func `a day that does not exist is refused`(text: String) {
        #expect(CalendarDate(compact: text) == nil)
    }
}

@Suite(.requirement("Q6")) struct CompanyPINTests {
    @Test func `a PIN is ten characters without vowels, and reads as it is shown`() throws {
        var generator = SeededGenerator(seed: testSeed("company PIN"))
        for _ in 0..<1_000 {
            let pin = CompanyPIN(using: &generator)
            #expect(pin.text.utf8.count == 10)
            #expect(!pin.text.contains { "AEIOU".contains($0) })
            #expect(CompanyPIN(typed: pin.grouped) == pin)
            #expect(CompanyPIN(typed: pin.grouped.lowercased()) == pin)
        }
    }

    @Test func `O and I cannot stand in a PIN and are read as the digits they look like`() {
        #expect(CompanyPIN(typed: "B7K2M-9QXO1")?.text == "B7K2M9QX01")
        #expect(CompanyPIN(typed: "b7k2m 9qx0i")?.text == "B7K2M9QX01")
    }

    @Test(arguments: ["", "B7K2M", "B7K2M9QX4TT", "B7K2M9QXAE", "B7K2M_9QX4T"])
    func `what cannot be a PIN is refused`(typed: String) {
        #expect(CompanyPIN(typed: typed) == nil)
    }

    @Test func `the fingerprint depends on the PIN and on the key`() throws {
        let pin = try #require(CompanyPIN(typed: "B7K2M9QX4T"))
        let other = try #require(CompanyPIN(typed: "B7K2M9QX4V"))
        #expect(pin.fingerprint(key: [1, 2, 3]).count == 32)
        #expect(pin.fingerprint(key: [1, 2, 3]) == pin.fingerprint(key: [1, 2, 3]))
        #expect(pin.fingerprint(key: [1, 2, 3]) != pin.fingerprint(key: [1, 2, 4]))
        #expect(pin.fingerprint(key: [1, 2, 3]) != other.fingerprint(key: [1, 2, 3]))
    }
}
