enum MigrationLint { static let rules: Set<String> = [] }
