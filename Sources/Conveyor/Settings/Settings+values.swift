import FoundationEssentials

extension Settings {
    /// An integer.
    /// - Throws: if it is malformed, outside of `range`, or not set and without a default.
    public func int(_ setting: Setting, default defaultValue: Int? = nil, in range: ClosedRange<Int>) throws(SettingError) -> Int {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        guard let value = Int(try self.require(setting)) else { throw SettingError(name: setting.name, reason: "must be a whole number") }
        guard range.contains(value) else {
            throw SettingError(name: setting.name, reason: "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    /// A number that may have a fraction.
    /// - Throws: if it is malformed, outside of `range`, or not set and without a default.
    public func double(_ setting: Setting, default defaultValue: Double? = nil, in range: ClosedRange<Double>) throws(SettingError) -> Double {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        guard let value = Double(try self.require(setting)), value.isFinite else {
            throw SettingError(name: setting.name, reason: "must be a number")
        }
        guard range.contains(value) else {
            throw SettingError(name: setting.name, reason: "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    /// A duration in seconds; fractions are allowed.
    /// - Throws: if it is malformed, less than 0 or more than a thousand days, or not set and without a default.
    public func seconds(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.duration(setting, default: defaultValue, unit: 1)
    }

    /// A lifetime in minutes; fractions are allowed.
    /// - Throws: as ``seconds(_:default:)``, and if it is 0.
    public func minutes(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.positive(setting, self.duration(setting, default: defaultValue, unit: 60))
    }

    /// A lifetime in days; fractions are allowed.
    /// - Throws: as ``minutes(_:default:)``.
    public func days(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.positive(setting, self.duration(setting, default: defaultValue, unit: 86_400))
    }

    /// An interval in seconds; fractions are allowed.
    /// - Throws: as ``minutes(_:default:)``.
    public func interval(_ setting: Setting) throws(SettingError) -> Duration {
        try self.positive(setting, self.seconds(setting))
    }

    private func positive(_ setting: Setting, _ duration: Duration) throws(SettingError) -> Duration {
        guard duration > .zero else { throw SettingError(name: setting.name, reason: "must be more than 0") }
        return duration
    }

    private func duration(_ setting: Setting, default defaultValue: Duration?, unit: Double) throws(SettingError) -> Duration {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        return .seconds(try self.double(setting, in: 0...(86_400_000 / unit)) * unit)
    }

    /// `on` or `true`, `off` or `false`.
    /// - Throws: if it is another word, or not set and without a default.
    public func bool(_ setting: Setting, default defaultValue: Bool? = nil) throws(SettingError) -> Bool {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        switch try self.require(setting).lowercased() {
        case "on", "true": return true
        case "off", "false": return false
        default: throw SettingError(name: setting.name, reason: "must be on or off")
        }
    }

    /// The words between commas, without surrounding white space; empty ones are ignored.
    public func list(_ setting: Setting) -> [String] {
        (self.string(setting) ?? "").split(separator: ",").compactMap { word in
            let word = word.trimming(while: { $0 == " " || $0 == "\t" })
            return word.isEmpty ? nil : String(word)
        }
    }

    /// A JSON list of strings.
    /// - Throws: if it is anything else.
    public func jsonList(_ setting: Setting) throws(SettingError) -> [String] {
        guard let text = self.string(setting) else { return [] }
        do {
            return try JSON.decode([String].self, from: Array(text.utf8))
        } catch {
            throw SettingError(name: setting.name, reason: "must be a JSON list of strings, e.g. [\"https://shop.example\"]")
        }
    }

    /// One of several words, in any case.
    /// - Throws: if it is another word, or not set and without a default.
    public func oneOf(_ setting: Setting, values: [String], default defaultValue: String? = nil) throws(SettingError) -> String {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        let value = try self.require(setting).lowercased()
        guard values.contains(value) else { throw SettingError(name: setting.name, reason: "must be one of \(values.joined(separator: ", "))") }
        return value
    }

    /// One of the cases of an enumeration, by raw value.
    /// - Throws: if it is another word, or not set and without a default.
    public func oneOf<Value: CaseIterable & RawRepresentable<String>>(
        _ setting: Setting, _: Value.Type = Value.self, default defaultValue: Value? = nil
    ) throws(SettingError) -> Value {
        let values = Value.allCases.map(\.rawValue)
        let word = try self.oneOf(setting, values: values, default: defaultValue?.rawValue)
        guard let value = Value(rawValue: word) else {
            throw SettingError(name: setting.name, reason: "must be one of \(values.joined(separator: ", "))")
        }
        return value
    }
}

extension StringProtocol {
    /// Without the leading and trailing characters for which `isBlank` is true.
    func trimming(while isBlank: (Character) -> Bool) -> SubSequence {
        var text = self[...]
        while let first = text.first, isBlank(first) { text = text.dropFirst() }
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}
