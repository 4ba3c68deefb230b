/// The result of one check.
public struct Diagnosis: Sendable, Encodable {
    /// Whether the subject is as it should be.
    public enum Verdict: String, Sendable, Encodable {
        /// It works.
        case ok
        /// It works, but deserves attention.
        case warning
        /// It does not work, or will soon fail.
        case failed
    }

    /// The checked subject.
    public var check: String
    /// Whether the subject is as it should be.
    public var verdict: Verdict
    /// The finding.
    public var detail: String
    /// The advice.
    public var advice: String?

    /// The subject works.
    public static func ok(_ check: String, _ detail: String) -> Diagnosis { Diagnosis(check: check, verdict: .ok, detail: detail) }

    /// The subject works, but deserves attention.
    public static func warning(_ check: String, _ detail: String, _ advice: String) -> Diagnosis {
        Diagnosis(check: check, verdict: .warning, detail: detail, advice: advice)
    }

    /// The subject does not work, or will soon fail.
    public static func failed(_ check: String, _ detail: String, _ advice: String) -> Diagnosis {
        Diagnosis(check: check, verdict: .failed, detail: detail, advice: advice)
    }

    enum CodingKeys: String, CodingKey { case check, verdict, detail, advice }

    /// With null instead of absent members.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.check, forKey: .check)
        try container.encode(self.verdict, forKey: .verdict)
        try container.encode(self.detail, forKey: .detail)
        try container.encode(self.advice, forKey: .advice)
    }
}
