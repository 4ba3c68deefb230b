/// The result of an action, shown on the next page. The query contains only a code, so no link can make a page show another text.
enum Notice: String, Sendable {
    case discarded, replayed, edited, paused, resumed
    case jobStopped = "job_stopped"
    case jobResumed = "job_resumed"
    case repaired
    case repairedSome = "repaired_some"
    case passwordChanged = "password_changed"
    case skipping
    case skipLifted = "skip_lifted"
    case scheduleRun = "schedule_run"
    case schedulePaused = "schedule_paused"
    case scheduleResumed = "schedule_resumed"

    var text: String {
        switch self {
        case .discarded: "Discarded. It stays here with the reason, and can still be replayed."
        case .replayed: "Sent to its queue again. If it fails again, this dead letter opens again."
        case .edited: "The edited message was sent. The original is closed for good."
        case .paused: "Paused. Workers finish what they hold and take nothing more."
        case .resumed: "Resumed."
        case .jobStopped: "Stopped. The rest stays open."
        case .jobResumed: "The replay continues."
        case .repaired: "All of them were repaired and sent."
        case .repairedSome: "The repair does not fit these; they stay open. The others were sent."
        case .passwordChanged: "Your password is changed. Your sessions in other browsers have ended."
        case .skipping: "The rule is in force within three seconds."
        case .skipLifted: "The rule has ended. Messages that it caught stay rejected."
        case .scheduleRun: "It runs within a second."
        case .schedulePaused: "Paused. It does not run until it is resumed."
        case .scheduleResumed: "Resumed. It runs at once if it is due."
        }
    }
}
