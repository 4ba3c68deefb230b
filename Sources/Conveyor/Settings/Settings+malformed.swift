import FoundationEssentials

extension Settings {
    /// Checks settings of all processes that would otherwise fail late, at the first connection that uses them, or not at all.
    func refuseMalformed() throws(SettingError) {
        if let path = self.string("TLS_CA_FILE") {
            guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { throw SettingError(name: "TLS_CA_FILE", reason: "cannot be read") }
            guard bytes.firstRange(of: Data("CERTIFICATE-----".utf8)) != nil else {
                throw SettingError(name: "TLS_CA_FILE", reason: "is not a PEM file of certificates")
            }
        }
        let isHost = try self.require("HOST").utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "%"):
                true
            default: false
            }
        }
        guard isHost else { throw SettingError(name: "HOST", reason: "must be an address or a name of this machine") }
        for share: Setting in ["SENTRY_TRACES_SAMPLE_RATE", "OTEL_TRACES_SAMPLER_ARG"] { _ = try self.double(share, in: 0...1) }
    }
}
