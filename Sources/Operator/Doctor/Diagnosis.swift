/// What one check found.
struct Diagnosis: Sendable, Encodable {
    enum Verdict: String, Sendable, Encodable {
        case ok
        /// It works, and is worth a look.
        case warning
        /// Something does not work, or will not for long.
        case failed
    }

    /// What was looked at.
    var check: String
    var verdict: Verdict
    /// What was found.
    var detail: String
    /// What to do about it.
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
