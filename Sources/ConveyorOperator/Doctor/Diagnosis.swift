/// The result of one check.
struct Diagnosis: Sendable, Encodable {
    enum Verdict: String, Sendable, Encodable {
        case ok
        /// It works, but deserves attention.
        case warning
        /// It does not work, or will soon fail.
        case failed
    }

    /// The checked subject.
    var check: String
    var verdict: Verdict
    /// The finding.
    var detail: String
    /// The advice.
    var advice: String?

    static func ok(_ check: String, _ detail: String) -> Diagnosis { Diagnosis(check: check, verdict: .ok, detail: detail) }

    static func warning(_ check: String, _ detail: String, _ advice: String) -> Diagnosis {
        Diagnosis(check: check, verdict: .warning, detail: detail, advice: advice)
    }

    static func failed(_ check: String, _ detail: String, _ advice: String) -> Diagnosis {
        Diagnosis(check: check, verdict: .failed, detail: detail, advice: advice)
    }

    enum CodingKeys: String, CodingKey { case check, verdict, detail, advice }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.check, forKey: .check)
        try container.encode(self.verdict, forKey: .verdict)
        try container.encode(self.detail, forKey: .detail)
        try container.encode(self.advice, forKey: .advice)
    }
}
