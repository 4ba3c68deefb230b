import FoundationEssentials

extension Settings {
    /// A whole number.
    /// - Throws: it is none, it is outside of `range`, or it is not set and has no default.
    public func int(_ setting: Setting, default defaultValue: Int? = nil, in range: ClosedRange<Int>) throws(SettingError) -> Int {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        guard let value = Int(try self.require(setting)) else { throw SettingError(name: setting.name, reason: "must be a whole number") }
        guard range.contains(value) else {
            throw SettingError(name: setting.name, reason: "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    /// A number that may have a fraction.
    /// - Throws: it is none, it is outside of `range`, or it is not set and has no default.
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

    /// A time that is written in seconds; fractions are allowed.
    /// - Throws: it is no number, less than 0 or more than a thousand days, or it is not set and has no default.
    public func seconds(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.duration(setting, default: defaultValue, unit: 1)
    }

    /// A life that is written in minutes; fractions are allowed.
    /// - Throws: as ``seconds(_:default:)``, and if it is 0.
    public func minutes(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.positive(setting, self.duration(setting, default: defaultValue, unit: 60))
    }

    /// A life that is written in days; fractions are allowed.
    /// - Throws: as ``minutes(_:default:)``.
    public func days(_ setting: Setting, default defaultValue: Duration? = nil) throws(SettingError) -> Duration {
        try self.positive(setting, self.duration(setting, default: defaultValue, unit: 86_400))
    }

    /// The pause between two rounds of something, in seconds; fractions are allowed.
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
    /// - Throws: it is something else, or it is not set and has no default.
    public func bool(_ setting: Setting, default defaultValue: Bool? = nil) throws(SettingError) -> Bool {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        switch try self.require(setting).lowercased() {
        case "on", "true": return true
        case "off", "false": return false
        default: throw SettingError(name: setting.name, reason: "must be on or off")
        }
    }

    /// The words between commas, without blanks around them; empty ones are left out.
    public func list(_ setting: Setting) -> [String] {
        (self.string(setting) ?? "").split(separator: ",").compactMap { word in
            let word = word.trimming(while: { $0 == " " || $0 == "\t" })
            return word.isEmpty ? nil : String(word)
        }
    }

    /// A JSON list of strings.
    /// - Throws: it is something else.
    public func jsonList(_ setting: Setting) throws(SettingError) -> [String] {
        guard let text = self.string(setting) else { return [] }
        do {
            return try JSON.decode([String].self, from: Array(text.utf8))
        } catch {
            throw SettingError(name: setting.name, reason: "must be a JSON list of strings, e.g. [\"https://shop.example\"]")
        }
    }

    /// One of a few words, whatever their case.
    /// - Throws: it is another, or it is not set and has no default.
    public func oneOf(_ setting: Setting, values: [String], default defaultValue: String? = nil) throws(SettingError) -> String {
        if let defaultValue, !self.isSet(setting) { return defaultValue }
        let value = try self.require(setting).lowercased()
        guard values.contains(value) else { throw SettingError(name: setting.name, reason: "must be one of \(values.joined(separator: ", "))") }
        return value
    }

    /// One of the cases of an enumeration, by their raw values.
    /// - Throws: it is none, or it is not set and has no default.
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
    /// Without the characters at both ends that `isBlank` says yes to.
    func trimming(while isBlank: (Character) -> Bool) -> SubSequence {
        var text = self[...]
        while let first = text.first, isBlank(first) { text = text.dropFirst() }
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}
