import CLibPQ

extension PostgresConfiguration {
    /// The keywords that `url` sets; nil when libpq does not understand it.
    ///
    /// libpq's own message is dropped: it quotes the part that it stumbled over, which may be the password.
    static func parse(_ url: String) -> [String: String]? {
        guard !url.isEmpty, !url.utf8.contains(0) else { return nil }
        var message: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(url, &message)
        unsafe PQfreemem(message)
        guard let options = unsafe options else { return nil }
        defer { unsafe PQconninfoFree(options) }
        return unsafe dictionary(of: options)
    }

    /// What libpq takes from the environment (`PGHOST`, …), from a service file, or has as its own default.
    static let defaults: [String: String] = {
        guard let options = unsafe PQconndefaults() else { return [:] }
        defer { unsafe PQconninfoFree(options) }
        return unsafe dictionary(of: options)
    }()

    /// The keywords of `options` that have a value; the list ends with a keyword that is null.
    private static func dictionary(of options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var parameters: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe parameters[String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe option += 1
        }
        return parameters
    }
}
