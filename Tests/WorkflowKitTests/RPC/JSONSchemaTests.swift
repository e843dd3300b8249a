import Testing
import WorkflowKit

@Suite struct JSONSchemaTests {
    let schema = JSONSchema.object([
        .required("serial", .string(1...5), "the PC"),
        .optional("limit", .integer(1...10)),
        .optional("mode", .oneOf(["atomic", "partial"])),
        .optional("contact", .object([.required("email", .text)])),
        .optional("place", .anyOf([.oneOf(["unassigned"]), .object([.required("customerId", .identifier)])])),
        .optional("extra", .any),
    ])

    @Test func `a value as described has no errors`() {
        let json: JSON = [
            "serial": "5CG12", "limit": 10, "mode": nil, "contact": ["email": ""], "place": ["customerId": "C-1"],
            "extra": ["a": [1]],
        ]
        #expect(schema.errors(in: json) == [])
    }

    @Test func `every wrong field is told with its path, unknown ones with a suggestion`() {
        let json: JSON = [
            "serail": "5CG12", "limit": 11, "mode": "atomc", "contact": ["email": 1, "fax": "2"],
            "extra": ["a": ["\u{0}"]],
        ]
        #expect(
            schema.errors(in: json) == [
                JSONFieldError(path: "serial", message: "is required"),
                JSONFieldError(path: "limit", message: "must be a whole number of 1 to 10"),
                JSONFieldError(path: "mode", message: "must be one of atomic, partial; did you mean \"atomic\"?"),
                JSONFieldError(path: "contact.email", message: "must be a string"),
                JSONFieldError(path: "contact.fax", message: "is not known"),
                JSONFieldError(path: "extra.a[0]", message: "must not contain U+0000"),
                JSONFieldError(path: "serail", message: "is not known; did you mean \"serial\"?"),
            ])
    }

    @Test func `of several alternatives the nearest tells what is wrong`() {
        let json: JSON = ["serial": "1", "place": ["customer": "C-1"]]
        #expect(
            schema.errors(in: json).map(\.path) == ["place.customerId", "place.customer"])
        #expect(schema.errors(in: ["serial": "1", "place": "nowhere"]).map(\.path) == ["place"])
    }

    @Test func `it describes itself as JSON Schema`() {
        let document = JSONSchema.object([
            .required("serial", .string(1...5), "the PC"), .optional("tags", .array(of: .nullable(.uuid))),
        ]).document
        #expect(
            document == [
                "type": "object", "additionalProperties": false, "required": ["serial"],
                "properties": [
                    "serial": ["type": "string", "minLength": 1, "maxLength": 5, "description": "the PC"],
                    "tags": [
                        "type": "array",
                        "items": ["anyOf": [["type": "string", "format": "uuid"], ["type": "null"]]],
                    ],
                ],
            ])
    }
}
