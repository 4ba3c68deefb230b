import FoundationEssentials
import Glibc

/// The process' use of resources, under the names of Prometheus' client libraries, read from `/proc` (proc_pid_stat(5)).
enum ProcessMetrics {
    /// The sample lines, with their HELP and TYPE; empty without `/proc`.
    static func render(into text: inout String) {
        func add(_ name: String, _ kind: String, _ help: String, _ value: Double?) {
            guard let value else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(MetricName.text(value))\n"
        }
        let stat = Self.stat()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)  // RLIMIT_NOFILE
        // The fields after the name: state is 3, utime 14, stime 15, threads 20, start time 22, vsize 23, rss 24.
        add("process_cpu_seconds_total", "counter", "User and system CPU time.", stat.map { ($0[14 - 3] + $0[15 - 3]) / ticks })
        add("process_max_fds", "gauge", "File descriptors at most.", limit.rlim_cur == .max ? nil : Double(limit.rlim_cur))
        add("process_open_fds", "gauge", "File descriptors open.", Self.openDescriptors())
        add("process_resident_memory_bytes", "gauge", "Memory in RAM.", stat.map { $0[24 - 3] * Double(sysconf(Int32(_SC_PAGESIZE))) })
        add(
            "process_start_time_seconds", "gauge", "When the process started, since 1970.",
            stat.flatMap { stat in Self.bootTime.map { $0 + stat[22 - 3] / ticks } })
        add("process_threads", "gauge", "Threads.", stat.map { $0[20 - 3] })
        add("process_virtual_memory_bytes", "gauge", "Address space.", stat.map { $0[23 - 3] })
    }

    /// The fields of `/proc/self/stat` from the third on; letters read as 0.
    private static func stat() -> [Double]? {
        // The second field, the name, may contain spaces and brackets; it ends at the last bracket.
        guard let line = Self.read("/proc/self/stat"), let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" }).map { Double($0) ?? 0 }
        return fields.count > 22 ? fields : nil
    }

    /// When the machine started, in seconds since 1970.
    private static let bootTime: Double? = Self.read("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        .flatMap { Double($0.dropFirst("btime ".count)) }

    private static func openDescriptors() -> Double? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return nil }
        return Double(names.count - 1)  // one of them belongs to this reading
    }

    private static func read(_ path: String) -> String? { (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } }
}
