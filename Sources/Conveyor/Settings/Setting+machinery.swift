extension Setting {
    /// What every process of the machinery, or every worker, reads: name, who reads it, default, meaning.
    public static let machinery: [Setting] = [
        // Where things are
        .init(
            "DATABASE_URL", .all, secret: true,
            "Postgres, as a libpq URI: postgresql://user:password@host/database?sslmode=…; several hosts are tried in order"),
        .init("AMQP_URL", .all, secret: true, "RabbitMQ: amqp:// or amqps://user:password@host/vhost"),
        .init("AMQP_URLS", .all, secret: true, "the nodes of a cluster, comma-separated; wins over AMQP_URL"),
        .init(
            "RABBITMQ_API", [.workers, .operator], secret: true,
            "RabbitMQ's management API, http(s)://user:password@host:15672, of a user with the administrator tag"),
        .init("TLS_CA_FILE", .all, "a file of CA certificates that are trusted beside the system's, for all connections"),
        .init(
            "ALLOW_PLAINTEXT", .all,
            "hosts, comma-separated, that production may reach without verified TLS: those of a mesh that encrypts by itself"),
        .init("START_TIMEOUT", .all, default: "60", "seconds that broker and database may stay unreachable at the start before exit 69"),

        // How a process runs
        .init("ENVIRONMENT", .all, default: "development", "development, test, or production: refuses weak secrets and connections without TLS"),
        .init("LOG_LEVEL", .all, default: "info", "trace, debug, info, notice, warning, error, critical; SIGUSR1 shows more, SIGUSR2 resets"),
        .init("LOG_FORMAT", .all, "json or pretty; pretty on a terminal, else json"),
        .init("LOG_SAMPLE", .workers, default: "50", "lines a second about what went well, a message each; 0 is all of them"),
        .init("HOST", .all, default: "127.0.0.1", "address to listen on"),
        .init("METRICS_PORT", .all, "port of /health/live, /health/ready and /metrics on HOST; none if it is not set"),
        .init("CONCURRENCY", .workers, "batches that a worker handles side by side"),
        .init("PREFETCH", .workers, "messages that the broker sends ahead"),
        .init("BATCH_SIZE", .workers, "messages in a batch at most"),
        .init("DATABASE_POOL_SIZE", .all, "connections to Postgres"),
        .init(
            "RETRY_DELAYS", [.workers, .operator], default: "1,5,30,120,600,3600",
            "seconds before the second, third, … attempt; one retry.<seconds> queue each"),

        // What is said of it elsewhere
        .init("SENTRY_DSN", .all, secret: true, "where unexpected errors and dead letters are reported; nowhere if it is not set"),
        .init("SENTRY_TRACES_SAMPLE_RATE", .all, default: "0.1", "share of the traces, 0 to 1, that are reported to Sentry as transactions"),
        .init(
            "OTEL_EXPORTER_OTLP_ENDPOINT", .all,
            "a collector of traces, http(s)://host:4318; gets OTLP/HTTP in JSON at /v1/traces; no traces if it is not set"),
        .init("OTEL_EXPORTER_OTLP_HEADERS", .all, secret: true, "what the collector asks for, name=value, comma-separated, values percent-encoded"),
        .init(
            "OTEL_TRACES_SAMPLER_ARG", .all, default: "1",
            "share of the traces, 0 to 1, that are recorded for the collector; the traceparent of a trusted proxy decides for its requests"),
    ]
}
