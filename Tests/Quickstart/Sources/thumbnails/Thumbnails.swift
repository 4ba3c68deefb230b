import Conveyor
import Postgres

@main
struct Thumbnails: WorkerProgram {
    static let queue = "thumbnails"
    static let migrations = [
        Migration(name: "0001_thumbnails", sql: "create table thumbnails (message_id uuid not null, picture text not null, width int not null)")
    ]

    static func register(_ worker: inout WorkerPart) {
        worker.on(MakeThumbnail.self) { message, transaction in
            let (picture, width) = (message.payload.picture, message.payload.width)
            // Can never work: a dead letter at once.
            guard width > 0 else { throw Poison(.invalidPayload, "a width of \(width)") }
            // May work later: tried again after each of the RETRY_DELAYS, then a dead letter.
            guard picture.hasSuffix(".jpg") else { throw Transient("\(picture) cannot be read") }
            // Takes effect once, however often the message is delivered.
            transaction.enqueue("insert into thumbnails values ($1, $2, $3)", message.envelope.messageID, picture, width)
            return .done()
        }
    }
}
