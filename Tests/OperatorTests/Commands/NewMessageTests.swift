import Conveyor
import Fixtures
import FoundationEssentials
import Testing

/// The files that a new message type needs, written in a copy of the sources.
@Suite struct NewMessageTests {
    @Test func `a new command touches its definition, its handler, its registration and its route, and everything else follows`() async throws {
        let checkout = try await Checkout()
        try checkout.edit(
            "topology/asyncapi.yaml", "\n    orders.expire:\n",
            """

                orders.note:
                  summary: Puts a note on an order.
                  name: orders.note
                  x-conveyor: {swift: NoteOrder, operation: 39, resource: order, route: "POST /orders/{id}/note"}
                  traits: [{$ref: "#/components/messageTraits/envelope"}]
                  payload:
                    type: object
                    required: [order_id, text]
                    properties:
                      order_id: {type: string, format: uuid, description: The order.}
                      text: {type: string, description: The note.}
                      is_private: {type: boolean, description: Whether the customer sees it.}
                  examples:
                    - payload: {order_id: "0198f3b2-6c1e-7a44-9d5b-5e0f1a2b3c4d", text: Ring twice., is_private: false}

                orders.expire:

            """)
        try await checkout.run(
            """
            cat >Workers/Orders/Course/NoteOrder.swift <<'SWIFT'
            import Conveyor
            import Postgres
            import Shop

            struct NoteOrderHandler: MessageHandler {
                func handle(_ message: Received<NoteOrder, Void>, in transaction: Transaction) async throws -> Reply {
                    transaction.enqueue("insert into order_notes values ($1, $2)", message.payload.orderID, message.payload.text)
                    return .done(changes: [.order(message.payload.orderID)])
                }
            }
            SWIFT
            """)
        try checkout.edit("Workers/Orders/OrdersWorker.swift", "ForgetCustomer(),", "ForgetCustomer(), NoteOrderHandler(),")
        try await checkout.run("echo '// The route.' >>Sources/Ingress/Orders/OrdersController.swift; echo '# The route.' >>topology/openapi.yaml")
        let written = [
            "Sources/Ingress/Orders/OrdersController.swift", "Workers/Orders/Course/NoteOrder.swift", "Workers/Orders/OrdersWorker.swift",
            "topology/asyncapi.yaml", "topology/openapi.yaml",
        ]
        #expect(try await checkout.touched() == written)

        try await checkout.run("ops/generate && ops/generate --check")
        let generated = [
            "Sources/Shop/Generated/MessageCatalogue+all.swift", "Sources/Shop/Generated/OperationKind.swift",
            "Sources/Shop/Generated/OrdersCommands.swift",
        ]
        #expect(try await checkout.touched() == (written + generated).sorted())
        try await checkout.run("swift format lint --strict \(generated.joined(separator: " ")) Workers/Orders/Course/NoteOrder.swift")

        let difference = try await checkout.run(
            "git diff --unified=0 -- Sources/Shop/Generated topology/asyncapi.yaml | grep '^[+]' | sed 's/^+ *//'")
        let added = difference.split(separator: "\n")
        for line in [
            // The catalogue, the route in a trace, the kind of operation.
            "NoteOrder.self,", #""orders.note": "POST /orders/{id}/note","#, "case noteOrder = 39", "case .noteOrder: NoteOrder.type",
            "case .noteOrder: .order", "case .noteOrder: false",
            // The payload and its coding.
            "public struct NoteOrder: Command {", "public var orderID: ID", "public var isPrivate: Bool?", #"case isPrivate = "is_private""#,
            "public init(orderID: ID, text: String, isPrivate: Bool? = nil) {",
        ] { #expect(added.filter { $0 == line }.count == 1, "\(line)") }
        // The exchange and the queue in the document.
        #expect(added.filter { $0 == ##"orders.note: {$ref: "#/components/messages/orders.note"}"## }.count == 2)
        // The right of the ingress to publish it.
        let types = try await checkout.run("for name in common settings parts access; do . ops/lib/$name.sh; done; client_commands")
        #expect(types.split(separator: "\n").contains("orders.note"))
    }

    @Test(arguments: [
        ("orders.clear_cart", "ClearCart", "Workers/Orders/Cart/ClearCart.swift", "Sources/Ingress/Cart/CartController.swift"),
        (
            "inventory.archive_product", "ArchiveProduct", "Workers/Inventory/Catalogue/ArchiveProduct.swift",
            "Sources/Ingress/Catalogue/ProductsController.swift"
        ), ("accounts.erase", "EraseAccount", "Workers/Accounts/Erase.swift", "Sources/Ingress/Accounts/AccountsController.swift"),
    ])
    func `a command is named in its definition, its handler and its route, and in no other file that is written by hand`(
        type: String, name: String, handler: String, route: String
    ) async throws {
        let files = try await ChildProcess.run(
            "bash",
            [
                "-c",
                """
                cd '\(Repository.path)'
                grep -rlwE '\(name)|\(type)' Package.swift Sources Workers topology ops --include=*.swift --include=*.yaml --include=*.json \
                    --include=*.sql --include=*.sh --include=*.py --exclude-dir=Generated --exclude-dir=docs --exclude-dir=.build | sort
                """,
            ])
        #expect(files.split(separator: "\n").map(String.init) == [route, handler, "topology/asyncapi.yaml"].sorted())
    }
}
