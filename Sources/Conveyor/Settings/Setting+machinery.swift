extension Setting {
    /// The settings of every process, or of every worker: name, readers, default, meaning.
    public static let machinery: [Setting] = [
        // Addresses
        .init(
            "DATABASE_URL", .all, secret: true,
            "Postgres, as a libpq URI: postgresql://user:password@host/database?sslmode=…; several hosts are tried in order"),
        .init("AMQP_URL", .all, secret: true, "RabbitMQ: amqp:// or amqps://user:password@host/vhost"),
        .init("AMQP_URLS", .all, secret: true, "nodes of a RabbitMQ cluster, comma-separated; wins over AMQP_URL"),
        .init(
            "RABBITMQ_API", [.workers, .operator], secret: true,
            "RabbitMQ's management API, http(s)://user:password@host:15672, of a user with the administrator tag"),
        .init("TLS_CA_FILE", .all, "file of CA certificates to trust beside the system's, for all connections"),
        .init(
            "ALLOW_PLAINTEXT", .all,
            "hosts that production may reach without verified TLS, comma-separated: for networks that encrypt themselves"),
        .init("START_TIMEOUT", .all, default: "60", "seconds to wait for broker and database at the start, before exit 69"),

        // Runtime
        .init("ENVIRONMENT", .all, default: "development", "development, test, or production: refuses weak secrets and connections without TLS"),
        .init("LOG_LEVEL", .all, default: "info", "trace, debug, info, notice, warning, error, critical; SIGUSR1 shows more, SIGUSR2 resets"),
        .init("LOG_FORMAT", .all, "json or pretty; pretty on a terminal, else json"),
        .init("LOG_SAMPLE", .workers, default: "50", "log lines per second for successful messages; 0 logs all of them"),
        .init("HOST", .all, default: "127.0.0.1", "address to listen on"),
        .init("METRICS_PORT", .all, "port for /health/live, /health/ready and /metrics on HOST; none if it is not set"),
        .init("CONCURRENCY", .workers, "batches that a worker handles at the same time"),
        .init("PREFETCH", .workers, "unacknowledged messages per worker"),
        .init("BATCH_SIZE", .workers, "largest number of messages in a batch"),
        .init("DATABASE_POOL_SIZE", .all, "connections to Postgres"),
        .init(
            "RETRY_DELAYS", [.workers, .operator], default: "1,5,30,120,600,3600",
            "seconds before the second, third, … attempt; one retry.<seconds> queue each"),

        // Telemetry
        .init("SENTRY_DSN", .all, secret: true, "Sentry project for unexpected errors and dead letters; none if it is not set"),
        .init("SENTRY_TRACES_SAMPLE_RATE", .all, default: "0.1", "share of traces, 0 to 1, that Sentry gets as transactions"),
        .init(
            "OTEL_EXPORTER_OTLP_ENDPOINT", .all,
            "trace collector, http(s)://host:4318, which gets OTLP/HTTP in JSON at /v1/traces; none if it is not set"),
        .init("OTEL_EXPORTER_OTLP_HEADERS", .all, secret: true, "headers for the collector, name=value, comma-separated, values percent-encoded"),
        .init(
            "OTEL_TRACES_SAMPLER_ARG", .all, default: "1",
            "share of traces, 0 to 1, that the collector gets; for a trusted proxy's requests its traceparent decides"),
    ]
}
