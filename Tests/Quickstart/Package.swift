// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "thumbnails",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "conveyor", path: "../..")],
    targets: [
        .executableTarget(
            name: "thumbnails",
            dependencies: [.product(name: "Conveyor", package: "conveyor"), .product(name: "Postgres", package: "conveyor")])
    ]
)
