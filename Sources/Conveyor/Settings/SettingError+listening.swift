import Glibc
import NIOCore

extension SettingError {
    /// What the failed start of a server says about the settings that name its address and its port; any other error as it is.
    public static func listening(_ error: any Error, port: String) -> any Error {
        if error is SocketAddressError || error is SocketAddressError.UnknownHost {
            return SettingError(name: "HOST", reason: "is not known as an address")
        }
        guard let error = error as? IOError else { return error }
        switch error.errnoCode {
        case EADDRNOTAVAIL: return SettingError(name: "HOST", reason: "is no address of this machine")
        case EADDRINUSE: return SettingError(name: port, reason: "cannot be listened on: in use")
        default: return SettingError(name: port, reason: "cannot be listened on: \(String(cString: strerror(error.errnoCode)))")
        }
    }
}
