import HoldingTenant

/// One fault of an element, with the code that a 997 carries in AK403.
package struct X12ElementError: Hashable, Sendable {
    /// Counted from 1.
    package let element: Int
    /// The number in the data element dictionary; `nil` where it is a composite.
    package let reference: Int?
    /// AK403: 1 mandatory element missing, 2 conditional element missing, 3 too many elements, 4 too short,
    /// 5 too long, 6 invalid character, 7 invalid code, 8 invalid date.
    package let code: Int
    /// Whether the set is rejected for it.
    package let isDecisive: Bool
}

/// Checks one segment against its description.
enum X12ElementCheck {
    static func check(_ segment: borrowing X12Segment, as schema: X12Schema867.Segment) -> [X12ElementError] {
        var errors: [X12ElementError] = []
        func note(_ number: Int, _ code: Int, decisive: Bool) {
            let reference = number <= schema.elements.count ? schema.elements[number - 1].reference : 0
            errors.append(
                X12ElementError(
                    element: number, reference: reference == 0 ? nil : reference, code: code, isDecisive: decisive))
        }
        for (index, element) in schema.elements.enumerated() {
            let number = index + 1
            let bytes = segment.trimmedBytes(number)
            if bytes.isEmpty {
                if element.isMandatory { note(number, 1, decisive: element.isDecisive) }
                continue
            }
            if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { note(number, 6, decisive: element.isDecisive) }
            switch element.kind {
            case .date:
                if !isDate(bytes) { note(number, 8, decisive: element.isDecisive) }
                continue
            case .whole:
                if !isNumber(bytes, fraction: false) { note(number, 6, decisive: element.isDecisive) }
            case .decimal:
                if !isNumber(bytes, fraction: true) { note(number, 6, decisive: element.isDecisive) }
            case .id, .text:
                break
            }
            let size = size(of: bytes, element.kind)
            if size > element.size.upperBound { note(number, 5, decisive: element.isDecisive) }
            if size < element.size.lowerBound { note(number, 4, decisive: false) }
        }
        for (given, needed) in schema.needs
        where !segment.trimmedBytes(given).isEmpty && segment.trimmedBytes(needed).isEmpty {
            note(needed, 2, decisive: false)
        }
        if segment.count > schema.most { note(schema.most + 1, 3, decisive: false) }
        return errors
    }

    /// The length without sign and decimal point in numbers, and in characters instead of bytes in text.
    private static func size(of bytes: ArraySlice<UInt8>, _ kind: X12Schema867.Kind) -> Int {
        switch kind {
        case .whole, .decimal: bytes.count { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
        // Continuation bytes of UTF-8 are not counted.
        case .id, .text, .date: bytes.count { $0 & 0xC0 != 0x80 }
        }
    }

    /// Eight digits that are a day. Six, as before release 004010, are read with a warning elsewhere.
    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        CalendarDate(compact: decoded(bytes)) != nil
    }

    private static func isNumber(_ bytes: ArraySlice<UInt8>, fraction: Bool) -> Bool {
        var digits = 0
        var points = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "-"), UInt8(ascii: "+"): if index > 0 { return false }
            case UInt8(ascii: ".") where fraction: points += 1
            default: return false
            }
        }
        return digits > 0 && points < 2
    }
}

extension X12ElementError {
    /// What is wrong, for people.
    var message: String {
        switch code {
        case 1: "the mandatory element is missing"
        case 2: "the element is missing, although another needs it"
        case 3: "there are more elements than the segment has"
        case 4: "the value is too short"
        case 5: "the value is too long"
        case 6: "the value has a character that cannot stand here"
        case 7: "the code is not known"
        case 8: "the value is not a day"
        default: "the element has an error"
        }
    }

    var fix: String {
        switch code {
        case 1, 2: "fill in the element"
        case 3: "remove the elements at the end"
        case 4, 5: "keep to the length that the implementation guide gives"
        case 6: "use digits in numbers, and no control characters anywhere"
        case 8: "write the day as eight digits, year first: 20260305"
        default: "use a code of the implementation guide"
        }
    }

    /// The last word of the finding's code.
    var word: String {
        switch code {
        case 1, 2: "missing"
        case 3: "too-many"
        case 4: "too-short"
        case 5: "too-long"
        case 6: "character"
        case 7: "code"
        case 8: "date"
        default: "invalid"
        }
    }
}
