import Foundation
import Testing
import WorkflowKit

@Suite struct JSONCodingTests {
    struct Contact: Codable, Equatable {
        var name: String
        var fax: String?
    }

    enum Mode: String, Codable { case atomic, partial }

    struct Order: Codable, Equatable {
        var id: UUID
        var count: Int
        var price: Double
        var isPaid: Bool
        var at: Timestamp
        var mode: Mode
        var contact: Contact
        var lines: [Contact]
        var tags: [String: Int]
        var extra: JSON
    }

    let order = Order(
        id: UUID(uuidString: "6B29FC40-CA47-1067-B31D-00DD010662DA")!, count: 3, price: 2.5, isPaid: true,
        at: Timestamp(microsecondsSince1970: 1_772_357_400_250_999), mode: .partial,
        contact: Contact(name: "Ada", fax: nil), lines: [Contact(name: "Bob", fax: "1")], tags: ["x": 1],
        extra: ["big": 9_007_199_254_740_993])

    @Test func `a value is written member by member`() throws {
        #expect(
            try JSONCoding.encode(order) == [
                "id": "6b29fc40-ca47-1067-b31d-00dd010662da", "count": 3, "price": 2.5, "isPaid": true,
                "at": "2026-03-01T09:30:00.250Z", "mode": "partial", "contact": ["name": "Ada"],
                "lines": [["name": "Bob", "fax": "1"]], "tags": ["x": 1], "extra": ["big": 9_007_199_254_740_993],
            ])
    }

    @Test func `exact times give the same value back`() throws {
        let bytes = try JSONCoding.encodeBytes(order, exactTimes: true)
        #expect(try JSONCoding.decode(Order.self, from: bytes) == order)
    }

    @Test func `all wrong fields are told at once, with their paths`() throws {
        struct Params: Codable {
            var serial: String
            var count: Int
            var isUrgent: Bool
            var contacts: [Contact]
        }
        let json: JSON = ["count": "3", "contacts": [["name": "Ada"], ["name": 7, "fax": false]], "serial": 1]
        let error = #expect(throws: JSONFieldErrors.self) { try JSONCoding.decode(Params.self, from: json) }
        #expect(
            error?.fields == [
                JSONFieldError(path: "serial", message: "must be a string"),
                JSONFieldError(path: "count", message: "must be a whole number"),
                JSONFieldError(path: "isUrgent", message: "is required"),
                JSONFieldError(path: "contacts[1].name", message: "must be a string"),
                JSONFieldError(path: "contacts[1].fax", message: "must be a string"),
            ])
    }

    @Test func `an unknown member is an error that names the one that was meant`() {
        let json: JSON = ["name": "Ada", "fx": "1", "colour": "red"]
        #expect(throws: Never.self) { try JSONCoding.decode(Contact.self, from: json) }
        let error = #expect(throws: JSONFieldErrors.self) {
            try JSONCoding.decode([Contact].self, from: [json], unknownMembers: .refuse)
        }
        #expect(
            error?.fields == [
                JSONFieldError(path: "[0].fx", message: "is not known; did you mean \"fax\"?"),
                JSONFieldError(path: "[0].colour", message: "is not known"),
            ])
    }

    @Test func `free members are not unknown`() throws {
        let json: JSON = ["a": 1, "b": 2]
        #expect(try JSONCoding.decode([String: Int].self, from: json, unknownMembers: .refuse) == ["a": 1, "b": 2])
        #expect(try JSONCoding.decode(JSON.self, from: json, unknownMembers: .refuse) == json)
    }

    @Test func `an unknown word of an enum is an error of its field`() {
        let error = #expect(throws: JSONFieldErrors.self) { try JSONCoding.decode([Mode].self, from: ["atomc"]) }
        #expect(error?.fields.map(\.path) == ["[0]"])
    }

    @Test func `whole numbers are read by value and kept in range`() throws {
        #expect(try JSONCoding.decode(Int.self, from: JSON(parsing: "1e2")) == 100)
        #expect(try JSONCoding.decode(UInt64.self, from: JSON(parsing: "18446744073709551615")) == .max)
        #expect(throws: JSONFieldErrors.self) { try JSONCoding.decode(Int8.self, from: 128) }
        #expect(throws: JSONFieldErrors.self) { try JSONCoding.decode(Int.self, from: 1.5) }
    }

    @Test func `clients get whole numbers beyond 2^53 as text`() throws {
        struct Numbers: Encodable {
            var one: Int = 9_007_199_254_740_992
            var two: Int64 = -9_007_199_254_740_993
            var three: [UInt64] = [.max]
        }
        #expect(
            try JSONCoding.encodeForClients(Numbers()) == [
                "one": 9_007_199_254_740_992, "two": "-9007199254740993", "three": ["18446744073709551615"],
            ])
        #expect(try JSONCoding.encode(Numbers())["two"] == -9_007_199_254_740_993)
    }

    @Test func `infinity cannot be written`() {
        #expect(throws: EncodingError.self) { try JSONCoding.encode([Double.infinity]) }
    }

    @Test func `another coder reads and writes the same JSON`() throws {
        let json: JSON = ["a": [1, 2.5, true, nil, "x"]]
        let data = try JSONEncoder().encode(json)
        #expect(try JSON(parsing: Array(data)) == json)
        #expect(try JSONDecoder().decode(JSON.self, from: data) == json)
    }
}
