import CCurl
import FoundationEssentials

/// The certificate authorities that a client trusts: the system's, and those of a file.
///
/// With a hashed folder (Debian), OpenSSL reads only the authority that it needs. A bundle is parsed whole for every connection, which takes
/// 20 ms and a megabyte more; so it is used only where there is no folder.
enum TrustStore: Sendable {
    case folder(extra: String?)
    case bundle([UInt8])

    /// The system's authorities, where libcurl was built to find them, and those of the file.
    init(extra file: String?) throws(TransferError) {
        let version = unsafe ccurl_version().pointee
        let folder = unsafe version.capath.map { unsafe String(cString: $0) }
        let bundle = unsafe version.cainfo.map { unsafe String(cString: $0) }
        try self.init(extra: file, folder: folder, bundle: bundle)
    }

    init(extra file: String?, folder: String?, bundle: String?) throws(TransferError) {
        let extra = try file.map(Self.certificates)
        if let folder, FileManager.default.fileExists(atPath: folder) {
            self = .folder(extra: file)
        } else {
            let system = try bundle.map(Self.certificates) ?? []
            self = .bundle(system + [UInt8(ascii: "\n")] + (extra ?? []))
        }
    }

    func apply(to easy: borrowing EasyHandle) throws(TransferError) {
        switch self {
        case .folder(let extra):
            try easy.set(CURLOPT_CAINFO, extra)
        case .bundle(let certificates):
            try easy.set(CURLOPT_CAINFO, nil)
            try easy.set(CURLOPT_CAPATH, nil)
            try easy.set(CURLOPT_CAINFO_BLOB, blob: certificates)
        }
    }

    private static func certificates(_ file: String) throws(TransferError) -> [UInt8] {
        guard let contents = FileManager.default.contents(atPath: file) else {
            throw TransferError(code: .badCAFile, message: "cannot read the CA file")
        }
        guard String(decoding: contents, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
            throw TransferError(code: .badCAFile, message: "no certificate in the CA file")
        }
        return [UInt8](contents)
    }
}
