// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "conveyor",
    platforms: [.macOS(.v15)],
    products: [
        // Libraries: the machinery of messages, and the clients that it is made with. They know nothing of the shop.
        .library(name: "Conveyor", targets: ["Conveyor"]),
        .library(name: "ConveyorOperator", targets: ["ConveyorOperator"]),
        .library(name: "ConveyorTesting", targets: ["ConveyorTesting"]),
        .library(name: "RabbitMQ", targets: ["RabbitMQ"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "Transfer", targets: ["Transfer"]),
        // The shop, and what operates it.
        .executable(name: "ingress", targets: ["Ingress"]),
        .executable(name: "conveyor", targets: ["Operator"]),
        .executable(name: "stripe-double", targets: ["StripeDouble"]),
    ],
    // Exact versions: a build next year is the build that was tested. Traits off: each would bring in all of Foundation, which is most of an
    // executable's size and memory.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        // For tests alone, as a second opinion on our templates. No product compiles it.
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        // For tests alone: what others say of our tokens and signatures. No product compiles it.
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        // C libraries from Debian, and the few system calls that Glibc's overlay does not show.
        .target(name: "CLinux"),
        .target(name: "CDocs", exclude: ["swagger-ui"]),
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),

        // Clients: each wraps one C library; no C type in their public faces.
        .target(name: "EventThread", dependencies: ["CLinux"]),
        .target(
            name: "RabbitMQ",
            dependencies: ["CRabbitMQ", "EventThread", .logging, .lifecycle, .deque]),
        .target(
            name: "Postgres",
            dependencies: ["CPostgres", "EventThread", .logging, .lifecycle, .deque, .crypto]),
        .target(name: "Transfer", dependencies: ["CCurl", "EventThread"]),

        // The machinery of messages: any application's.
        .target(
            name: "Conveyor",
            dependencies: [
                "CLinux", "EventThread", "RabbitMQ", "Postgres", "Transfer", .logging, .metrics, .tracing, .lifecycle,
                .configuration,
                .argumentParser, .crypto, .hummingbirdCore, .httpTypes, .nio, .nioPosix, .unixSignals,
            ],
            resources: [.embedInCode("Migrations/c0001_machinery.sql"), .embedInCode("Migrations/c0002_wanted_events.sql")]),

        // Runs a worker in a test.
        .target(name: "ConveyorTesting", dependencies: ["Conveyor", "Postgres", "RabbitMQ", "Transfer", .logging, .lifecycle]),

        // Dead letters, replays, queues, traces, checks, command line and console: any application's.
        .target(
            name: "ConveyorOperator",
            dependencies: [
                "Conveyor", "Identity", "Markup", "Postgres", "RabbitMQ", "ServerTLS", "Transfer", .argumentParser, .crypto, .cryptoExtras,
                .httpTypes, .hummingbird, .hummingbirdCore, .hummingbirdTLS, .lifecycle, .logging, .nio, .nioSSL,
            ],
            resources: [.embedInCode("Console/Assets/"), .embedInCode("Migrations/o0001_operators.sql")]),

        // The shop: its messages, rules and settings, and what it hands to the machinery.
        .target(name: "Shop", dependencies: ["Conveyor", "Postgres", "Topology", .crypto]),
        .target(
            name: "Topology",
            path: "topology",
            exclude: ["asyncapi.yaml", "definitions.json", "openapi.json", "openapi.yaml"],
            resources: [.embedInCode("parts.yaml"), .embedInCode("migrations/")]),

        // Escapes text in HTML, for the console and the e-mails.
        .target(name: "Markup"),

        // TLS of the servers: the ingress and the console.
        .target(name: "ServerTLS", dependencies: ["Conveyor", .nioSSL]),

        // Password hashes and tokens, for the ingress and the operator's command line.
        .target(
            name: "Identity", dependencies: ["CArgon2", "Conveyor", .crypto, .nioPosix],
            resources: [.embedInCode("common-passwords.txt")]),

        // The resources as the API answers them, for the ingress and for webhooks.
        .target(name: "Resources", dependencies: ["Conveyor", "Postgres", "Shop"]),

        // The parts.
        .executableTarget(
            name: "Ingress",
            dependencies: [
                "CDocs", "EventThread", "Conveyor", "Resources", "Shop", "Identity", "Postgres", "RabbitMQ", "ServerTLS", "CZlib", .hummingbird,
                .hummingbirdCore,
                .hummingbirdTLS,
                .hummingbirdHTTP2,
                .crypto, .httpTypes, .nio, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioSSL, .nioTLS, .lifecycle, .logging,
                .argumentParser,
            ]),
        .executableTarget(
            name: "Operator",
            dependencies: [
                "Conveyor", "ConveyorOperator", "Shop", "Identity", "MailTemplates", "Postgres", "RabbitMQ", "Transfer", "Topology", .argumentParser,
                .httpTypes, .hummingbird, .lifecycle, .logging,
            ],
            resources: [.embedInCode("Templates/")]),
        .executableTarget(
            name: "Orders", dependencies: ["Conveyor", "Shop", "Postgres", "RabbitMQ", .logging, .argumentParser], path: "Workers/Orders"),
        .executableTarget(
            name: "Payments",
            dependencies: ["Conveyor", "Shop", "Postgres", "RabbitMQ", "Transfer", .logging, .argumentParser, .tracing],
            path: "Workers/Payments"),
        .executableTarget(name: "Inventory", dependencies: ["Conveyor", "Shop", "Postgres", .argumentParser], path: "Workers/Inventory"),
        .executableTarget(
            name: "Email", dependencies: ["Conveyor", "Shop", "Postgres", "Transfer", "MailTemplates", .argumentParser, .crypto, .logging, .tracing],
            path: "Workers/Email", exclude: ["Templates"]),
        // The e-mails' templates, for the worker that sends them and for the operator's preview.
        .target(
            name: "MailTemplates", dependencies: ["Conveyor", "Markup", "Shop"], path: "Workers/Email/Templates",
            resources: [.embedInCode("Letters/")]
        ),
        .executableTarget(name: "Accounts", dependencies: ["Conveyor", "Shop", "Postgres"], path: "Workers/Accounts"),
        .executableTarget(
            name: "Webhooks",
            dependencies: ["Conveyor", "Postgres", "RabbitMQ", "Resources", "Shop", "Transfer", .argumentParser, .lifecycle, .logging],
            path: "Workers/Webhooks"),
        // `conveyor new worker NAME` adds its target above this line.
        .executableTarget(
            name: "StripeDouble",
            dependencies: [
                "Transfer", .hummingbird, .crypto, .argumentParser, .logging, .lifecycle, .deque, .heap, .httpTypes, .nio, .nioPosix,
            ]),

        // Tests: a folder per target, on a real private broker and database that Fixtures starts.
        .target(
            name: "Fixtures",
            dependencies: ["CLinux", "Postgres", "RabbitMQ", "Transfer", "Topology", .lifecycle, .logging],
            path: "Tests/Fixtures"),
        .testTarget(name: "RabbitMQTests", dependencies: ["RabbitMQ", "Fixtures"]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Fixtures"]),
        .testTarget(
            name: "TransferTests", dependencies: ["Transfer", "Fixtures", .hummingbird, .hummingbirdHTTP2, .hummingbirdTLS, .logging, .nio, .nioSSL]),
        .testTarget(name: "StripeDoubleTests", dependencies: ["StripeDouble", "Fixtures", "Transfer"]),
        .executableTarget(name: "ExamplePart", dependencies: ["Conveyor", "Shop", .argumentParser, .lifecycle, .logging], path: "Tests/ExamplePart"),
        .executableTarget(name: "ExampleWorker", dependencies: ["Conveyor", "Postgres", "Shop", .argumentParser], path: "Tests/ExampleWorker"),
        .executableTarget(
            name: "ExampleOperator", dependencies: ["Conveyor", "ConveyorOperator", "Postgres", .argumentParser, .hummingbird],
            path: "Tests/ExampleOperator"),
        .testTarget(
            name: "ConveyorTests",
            dependencies: [
                "CLinux", "EventThread", "Conveyor", "ConveyorTesting", "Postgres", "RabbitMQ", "Shop", "Topology", "Transfer", "Fixtures",
                "ExamplePart",
                "ExampleWorker",
                .hummingbird,
                .httpTypes,
                .lifecycle, .logging, .metrics, .nio, .tracing,
            ]),
        .testTarget(name: "ShopTests", dependencies: ["Shop", "Conveyor", "RabbitMQ", "Topology", "Fixtures", .yams]),
        .testTarget(
            name: "IngressTests",
            dependencies: [
                "CArgon2", "EventThread", "Ingress", "Fixtures", "Identity", "Conveyor", "Postgres", "RabbitMQ", "Resources", "Shop", "Transfer",
                .crypto,
                .hummingbird,
                .hummingbirdCore, .httpTypes, .jwt, .lifecycle, .logging, .nio, .nioPosix,
            ]),
        .testTarget(
            name: "WorkersTests",
            dependencies: [
                "Conveyor", "ConveyorTesting", "Shop", "Postgres", "RabbitMQ", "Topology", "Transfer", "MailTemplates", "Fixtures", .crypto, .logging,
            ]),
        .testTarget(name: "MarkupTests", dependencies: ["Markup", .mustache]),
        .testTarget(
            name: "OperatorTests",
            dependencies: [
                "ConveyorOperator", "ExampleOperator", "Operator", "Fixtures", "Identity", "Conveyor", "ConveyorTesting", "Markup", "Postgres",
                "RabbitMQ", "Shop", "Topology", "Transfer", .crypto, .cryptoExtras,
                .hummingbird, .jwt, .logging,
            ]),
        .testTarget(name: "System", dependencies: ["Conveyor", "Shop", "RabbitMQ", "Topology", "Transfer", "Fixtures"], path: "Tests/System"),
    ]
)

extension Target.Dependency {
    static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var configuration: Self { .product(name: "Configuration", package: "swift-configuration") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var cryptoExtras: Self { .product(name: "CryptoExtras", package: "swift-crypto") }
    // Two of its modules; "Collections" would compile five more.
    static var deque: Self { .product(name: "DequeModule", package: "swift-collections") }
    static var heap: Self { .product(name: "HeapModule", package: "swift-collections") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdCore: Self { .product(name: "HummingbirdCore", package: "hummingbird") }
    static var hummingbirdHTTP2: Self { .product(name: "HummingbirdHTTP2", package: "hummingbird") }
    static var hummingbirdTLS: Self { .product(name: "HummingbirdTLS", package: "hummingbird") }
    static var jwt: Self { .product(name: "JWTKit", package: "jwt-kit") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var metrics: Self { .product(name: "Metrics", package: "swift-metrics") }
    static var mustache: Self { .product(name: "Mustache", package: "swift-mustache") }
    static var nio: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
    static var nioHTTPTypes: Self { .product(name: "NIOHTTPTypes", package: "swift-nio-extras") }
    static var nioHTTPTypesHTTP1: Self { .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var nioSSL: Self { .product(name: "NIOSSL", package: "swift-nio-ssl") }
    static var nioTLS: Self { .product(name: "NIOTLS", package: "swift-nio") }
    static var tracing: Self { .product(name: "Tracing", package: "swift-distributed-tracing") }
    static var unixSignals: Self { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
    static var yams: Self { .product(name: "Yams", package: "Yams") }
}

// A worker's executable, and its place in the workers' tests, follow from its target.
for worker in package.targets where worker.type == .executable && worker.path?.hasPrefix("Workers/") == true {
    package.products.append(.executable(name: "\(worker.name.lowercased())-worker", targets: [worker.name]))
    package.targets.first { $0.name == "WorkersTests" }?.dependencies.append(.target(name: worker.name))
}

// One place for the language settings of every Swift target.
for target in package.targets where target.type != .system && target.name != "CLinux" && target.name != "CDocs" {
    var settings: [SwiftSetting] = [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    // The wrappers of C: every unsafe expression is marked.
    if ["EventThread", "RabbitMQ", "Postgres", "Transfer"].contains(target.name) { settings.append(.strictMemorySafety()) }
    target.swiftSettings = settings
}
