import Conveyor

/// Something to do. By its type it goes to the queue `thumbnails`.
struct MakeThumbnail: Command {
    static let type = "thumbnails.make"

    var picture: String
    var width: Int32
}
