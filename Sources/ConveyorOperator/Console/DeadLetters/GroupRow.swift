import Conveyor

/// Dead letters with one cause, as a row of a table.
struct GroupRow: Sendable {
    let link: String
    let exampleLink: String
    let replayLink: String
    let discardLink: String
    let count: String
    let queue: String
    let type: String
    let errorType: String
    let error: String
    let first: Moment
    let last: Moment

    init(_ group: DeadGroup, now: Int64 = Clock.milliseconds()) {
        self.link = "/dead" + Form.query([("group", group.group), ("status", "open")])
        self.exampleLink = "/dead/\(group.example)"
        self.replayLink = "/dead/replay" + Form.query([("group", group.group)])
        self.discardLink = "/dead/discard" + Form.query([("group", group.group)])
        self.count = Quantity.count(group.count)
        self.queue = group.queue
        self.type = group.type.visible
        self.errorType = group.errorType
        self.error = group.error.visible.shortened(to: 300)
        self.first = Moment(group.firstSeen, now: now)
        self.last = Moment(group.lastSeen, now: now)
    }
}
