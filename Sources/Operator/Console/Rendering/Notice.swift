/// What has just been done, told on the page to which it leads. A word in the query, so that nothing is kept and nobody can make a page say anything else.
enum Notice: String, Sendable {
    case discarded, replayed, edited, paused, resumed
    case jobStopped = "job_stopped"
    case jobResumed = "job_resumed"
    case skipping
    case skipLifted = "skip_lifted"
    case scheduleRun = "schedule_run"
    case schedulePaused = "schedule_paused"
    case scheduleResumed = "schedule_resumed"

    var text: String {
        switch self {
        case .discarded: "Discarded. It stays here with the reason, and can still be replayed."
        case .replayed: "Sent to its queue again. If it fails once more, it comes back as the same dead letter."
        case .edited: "The edited message was sent. The original is closed for good."
        case .paused: "Paused. Workers finish what they hold and take nothing more."
        case .resumed: "Resumed."
        case .jobStopped: "Stopped. What was not sent stays as it is."
        case .jobResumed: "Goes on."
        case .skipping: "The rule is in force within three seconds."
        case .skipLifted: "The rule is lifted. What it has caught stays rejected."
        case .scheduleRun: "It runs within a second."
        case .schedulePaused: "Paused. It runs no more until it is resumed."
        case .scheduleResumed: "Resumed. It runs at once if it is due."
        }
    }
}
