import Conveyor
import FoundationEssentials
import Postgres

extension Doctor {
    private static let about: Statement = """
        select current_setting('server_version_num')::int, current_user::text, pg_is_in_recovery(), clock_timestamp(),
               coalesce((select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = 'conveyor_recorder'), false),
               (select count(*) from pg_stat_activity where backend_type = 'client backend'), current_setting('max_connections')::int,
               pg_database_size(current_database())
        """
    private static let roles: Statement = """
        select string_agg(r.name, ', ') from unnest($1::text[]) r(name) where not exists (select from pg_roles where rolname = r.name)
        """
    /// The recorder creates a week ahead; rows of a week without its partition are in the default one.
    private static let partitions: Statement = """
        select count(*), (select count(*) from (select from inbox_default limit 1000) d) from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'inbox'::regclass and c.relname = 'inbox_' || to_char(date_trunc('week', now() at time zone 'utc') + interval '7 days', 'YYYYMMDD')
        """
    private static let backlog: Statement = """
        select (select count(*) from dead_letters where status = 'open'), (select count(distinct "group") from dead_letters where status = 'open'),
               (select count(*) from replacements where published_at is null and at < now() - interval '1 minute'),
               extract(epoch from now() - (select max(at) from queue_samples))::float8
        """

    func examineDatabase() async -> [Diagnosis] {
        do {
            let url = try self.settings.databaseURL()
            let pool = try PostgresPool(
                url: url, size: 2, applicationName: "conveyor doctor", statementTimeout: .seconds(10), logger: self.context.logger)
            do {
                try await pool.waitUntilReachable(timeout: .seconds(5))
            } catch {
                await pool.close()
                return [
                    .failed(
                        "database", "\(error)", "start Postgres, or set DATABASE_URL right; writes are accepted meanwhile and wait in their queues")
                ]
            }
            var findings: [Diagnosis] = []
            do {
                findings += try await self.examineServer(pool)
                findings += await self.examineTables(pool)
            } catch {
                findings.append(.failed("database", "\(error)", "look into Postgres' log"))
            }
            await pool.close()
            return findings
        } catch {
            return [.failed("database", "\(error)", "set DATABASE_URL: postgresql://user:password@host/database")]
        }
    }

    private func examineServer(_ pool: PostgresPool) async throws -> [Diagnosis] {
        let before = Clock.microseconds()
        let row = try await pool.query(Self.about)[0]
        let middle = (before + Clock.microseconds()) / 2
        let (version, user, isStandby, now, isMember, connections, most, size) = try row.decode(
            (Int32, String, Bool, Date, Bool, Int, Int32, Int).self)
        let detail = "Postgres \(version / 10_000).\(version % 10_000) as \(user), \(Quantity.size(size)), \(connections) of \(most) connections"
        var findings: [Diagnosis] = []
        if version < 140_000 {
            findings.append(.failed("database", detail, "Conveyor needs Postgres 14 or later"))
        } else if isStandby {
            findings.append(.failed("database", detail + ", a standby", "DATABASE_URL must lead to the primary: add target_session_attrs=read-write"))
        } else if connections * 10 > Int(most) * 9 {
            findings.append(.warning("database", detail, "raise max_connections, or lower DATABASE_POOL_SIZE and CONCURRENCY of the parts"))
        } else {
            findings.append(.ok("database", detail))
        }
        let skew = Double(Clock.milliseconds(now) * 1000 - middle) / 1_000_000
        findings.append(Self.clock("clock of the database", skew: skew))
        guard self.application.checks.roles.contains("conveyor_recorder") else { return findings }
        findings.append(
            isMember
                ? .ok("operator's role", "\(user) may act as conveyor_recorder")
                : .failed("operator's role", "\(user) is no member of conveyor_recorder", "as a superuser: grant conveyor_recorder to \(user)"))
        return findings
    }

    static func clock(_ check: String, skew: Double) -> Diagnosis {
        let text = "\(Quantity.decimal(skew.magnitude, places: 1)) s \(skew < 0 ? "behind" : "ahead of") this machine's"
        guard skew.magnitude >= 5 else { return .ok(check, skew.magnitude < 0.05 ? "as this machine's" : text) }
        let advice = "let chrony or systemd-timesyncd set the clocks: deadlines and tokens go by them"
        return skew.magnitude < 60 ? .warning(check, text, advice) : .failed(check, text, advice)
    }

    private func examineTables(_ pool: PostgresPool) async -> [Diagnosis] {
        do {
            var states: [MigrationStatus] = []
            for (ledger, migrations) in self.application.migrations {
                states += try await Migrator(pool: pool, ledger: ledger).status(migrations)
            }
            let wrong = states.filter { $0.state != .applied }
            guard wrong.allSatisfy({ $0.state == .unknown }) else {
                let names = wrong.map { "\($0.name) \($0.state.rawValue)" }.joined(separator: ", ")
                return [.failed("migrations", names, "\(self.application.name) migrate; a changed one must be put back as it was applied")]
            }
            var findings: [Diagnosis] = [
                wrong.isEmpty
                    ? .ok("migrations", "\(states.count) applied")
                    : .warning("migrations", "a newer Conveyor has applied \(wrong.map(\.name).joined(separator: ", "))", "upgrade this one")
            ]
            if let missing = try await pool.query(Self.roles, self.application.checks.roles)[0][0, as: String?.self] {
                let advice = "they are made by \(self.application.name) migrate; give each a login and a password"
                findings.append(.failed("roles", "\(missing) missing", advice))
            }
            let (weeks, stray) = try await pool.query(Self.partitions)[0].decode((Int, Int).self)
            if weeks == 0 {
                findings.append(.warning("partitions", "next week's are not made", "is the recorder running? It makes them once an hour"))
            } else if stray > 0 {
                findings.append(.ok("partitions", "\(stray >= 1000 ? "1,000 or more" : "\(stray)") rows in the default one, which is harmless"))
            } else {
                findings.append(.ok("partitions", "made until the end of next week"))
            }
            return findings + (try await self.examineBacklog(pool)) + (try await self.application.checks.database(pool))
        } catch {
            return [.failed("migrations", "\(error)", "\(self.application.name) migrate")]
        }
    }

    private func examineBacklog(_ pool: PostgresPool) async throws -> [Diagnosis] {
        let (open, groups, unpublished, age) = try await pool.query(Self.backlog)[0].decode((Int, Int, Int, Double?).self)
        var findings: [Diagnosis] = []
        findings.append(
            open == 0
                ? .ok("dead letters", "none open")
                : .warning(
                    "dead letters", "\(Quantity.count(open)) open, of \(Quantity.count(groups, "cause"))",
                    "\(self.application.name) dead groups; then show one, repair the cause, replay the group"))
        if let age, age < 60 {
            findings.append(.ok("recorder", "has looked \(Quantity.span(seconds: Int(age))) ago"))
        } else {
            findings.append(
                .failed(
                    "recorder", age.map { "has not looked for \(Quantity.span(seconds: Int($0)))" } ?? "has never looked",
                    "start it (\(self.application.name) record): dead letters wait in <queue>.dead meanwhile"))
        }
        if unpublished > 0 {
            findings.append(
                .failed("edited messages", "\(unpublished) are not published", "the recorder publishes them: see why it does not, in its log"))
        }
        return findings
    }
}
