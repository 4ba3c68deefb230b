import ArgumentParser
import Conveyor
import ConveyorOperator
import Hummingbird
import Postgres

/// The example's only message.
struct MakePicture: Command {
    static let type = "pictures.make"
    var name: String
}

/// An application that has nothing to do with the shop, as its operators see it: with a command, a page and a book of its own.
@main
struct ExampleOperator {
    static let migrations = [Migration(name: "a0001_pictures", sql: "create table pictures (name text not null)")]

    static func main() async {
        let pictures = ConveyorApplication(topology: Definitions(queues: ["pictures": []]), migrations: self.migrations)
        var application = OperatorApplication(pictures, name: "pictures-operator", messages: [MakePicture.self])
        application.commands = [PicturesCommand.self]
        application.console.sections = [.init(path: "/pictures", name: "Pictures")]
        application.console.pages = { console, router in
            router.get("/pictures") { _, context in
                var listing = Listing(title: "Pictures")
                listing.columns = [.init(title: "Name")]
                for name in try await PicturesCommand.names(console.pool) { listing.add([.text(name)]) }
                return try console.renderer.respond("listing", title: "Pictures", section: "/pictures", listing, context: context)
            }
        }
        application.verification.books = [PictureBook.self]
        await application.main()
    }
}

/// `pictures-operator pictures`
struct PicturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pictures", abstract: "List the pictures.")

    @OptionGroup var options: PartOptions

    func run() async throws {
        try await CommandContext.open(self.options) { context in
            var table = Table(.text("NAME"))
            for name in try await context.withDatabase({ try await Self.names($0) }) { table.add(Table.Cell(name)) }
            table.print()
        }
    }

    static func names(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query("select name from pictures order by name").decode(String.self)
    }
}

/// Every handled message has made a picture.
struct PictureBook: Book {
    static let name = "pictures"
    static let title = "Pictures"
    var ordered: Int
    var made: Int
    var balance: Int { self.ordered - self.made }
    var figures: [(name: String, number: Int)] { [("ordered", self.ordered), ("made", self.made)] }

    static func read(beside messages: MessageBook, in transaction: Transaction) async throws -> PictureBook {
        let row = try await transaction.query("select (select count(*) from inbox where outcome = 'succeeded'), (select count(*) from pictures)")[0]
        return PictureBook(ordered: try row[0], made: try row[1])
    }
}
