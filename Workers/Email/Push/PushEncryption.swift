import Crypto
import FoundationEssentials

/// Encrypts a message for one browser (RFC 8291, with the content coding `aes128gcm` of RFC 8188).
enum PushEncryption {
    /// Push services accept 4096 bytes; this is the room for text besides the header and the tag.
    static let longest = 4096 - 86 - 17
    private static let recordSize: UInt32 = 4096

    /// The body of the request to the push service: one record.
    /// - Parameters:
    ///   - browser: its public key, and its authentication secret of 16 bytes.
    ///   - sender: a new key for each message.
    ///   - salt: 16 new random bytes for each message.
    static func encrypt(
        _ text: [UInt8], for browser: (key: P256.KeyAgreement.PublicKey, secret: [UInt8]), by sender: P256.KeyAgreement.PrivateKey, salt: [UInt8]
    ) throws -> [UInt8] {
        let own = Array(sender.publicKey.x963Representation)
        let shared = try sender.sharedSecretFromKeyAgreement(with: browser.key)
        let info = Array("WebPush: info\0".utf8) + Array(browser.key.x963Representation) + own
        let material = shared.hkdfDerivedSymmetricKey(using: SHA256.self, salt: browser.secret, sharedInfo: info, outputByteCount: 32)
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: material, salt: salt, info: Array("Content-Encoding: aes128gcm\0".utf8), outputByteCount: 16)
        let nonce = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: material, salt: salt, info: Array("Content-Encoding: nonce\0".utf8), outputByteCount: 12)
        // 2 marks the end of the last record.
        let sealed = try AES.GCM.seal(text + [2], using: key, nonce: AES.GCM.Nonce(data: nonce.withUnsafeBytes { Array($0) }))
        var body = salt
        for shift in stride(from: 24, through: 0, by: -8) { body.append(UInt8(truncatingIfNeeded: self.recordSize >> UInt32(shift))) }
        body.append(UInt8(own.count))
        return body + own + Array(sealed.ciphertext) + Array(sealed.tag)
    }
}
