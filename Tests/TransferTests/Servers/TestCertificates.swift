import Fixtures
import FoundationEssentials
import Testing

/// An authority of our own and what it has signed: for this host, for another host, and for a time that is over.
struct TestCertificates {
    struct Pair {
        let file: String
        let key: String
    }

    let authority: String
    let good: Pair
    let otherHost: Pair
    let expired: Pair

    /// Made once a run.
    static func shared() async throws -> TestCertificates { try await Self.made.value }

    private static let made = Task<TestCertificates, any Error> {
        let folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let shell = try ChildProcess("/bin/sh", ["-ec", Self.script, "sh", folder])
        try #require(try await shell.waitForExit() == .status(0), "\(shell.output)")
        func pair(_ name: String) -> Pair { Pair(file: "\(folder)/\(name).crt", key: "\(folder)/\(name).key") }
        return TestCertificates(authority: "\(folder)/ca.crt", good: pair("good"), otherHost: pair("other"), expired: pair("expired"))
    }

    private static let script = #"""
        cd "$1"
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $key -days 2 -subj '/CN=An authority' -keyout ca.key -out ca.crt
        : >index
        printf '[a]\ndatabase=index\nnew_certs_dir=.\nunique_subject=no\nrand_serial=yes\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\n' >ca.conf
        sign() {
            openssl req $key -subj '/' -addext "subjectAltName=$2" -keyout "$1.key" -out "$1.csr"
            openssl ca -config ca.conf -name a -batch -notext -cert ca.crt -keyfile ca.key -in "$1.csr" -out "$1.crt" -startdate "$3" -enddate "$4"
        }
        sign good DNS:localhost,IP:127.0.0.1 20200101000000Z 20990101000000Z
        sign other DNS:elsewhere.example 20200101000000Z 20990101000000Z
        sign expired DNS:localhost,IP:127.0.0.1 20200101000000Z 20200102000000Z
        """#
}
