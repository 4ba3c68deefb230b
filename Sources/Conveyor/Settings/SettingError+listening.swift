import Glibc
import NIOCore

extension SettingError {
    /// Turns a server's failed start into an error about the settings of its address and port; other errors stay as they are.
    public static func listening(_ error: any Error, port: String) -> any Error {
        if error is SocketAddressError || error is SocketAddressError.UnknownHost {
            return SettingError(name: "HOST", reason: "is not known as an address")
        }
        guard let error = error as? IOError else { return error }
        switch error.errnoCode {
        case EADDRNOTAVAIL: return SettingError(name: "HOST", reason: "is not an address of this machine")
        case EADDRINUSE: return SettingError(name: port, reason: "cannot be listened on: in use")
        default: return SettingError(name: port, reason: "cannot be listened on: \(String(cString: strerror(error.errnoCode)))")
        }
    }
}
