/// A page with a table, filters above and actions below: `listing.mustache`.
struct Listing: Sendable {
    let title: String
    var summary = ""
    var tabs: TabBar?
    var problem: String?
    var filter: Filter?
    var columns: [Column] = []
    var rows: [Row] = []
    /// The text of an empty table.
    var none = "None."
    var note: String?
    var form: ActForm?

    // Stored, since templates cannot read computed properties.
    private(set) var hasRows = false
    private(set) var hasActs = false

    init(title: String, summary: String = "", tabs: TabBar? = nil, problem: String? = nil) {
        self.title = title
        self.summary = summary
        self.tabs = tabs
        self.problem = problem
    }

    struct TabBar: Sendable {
        let items: [Tab]
    }

    struct Tab: Sendable {
        let path: String
        let name: String
        let isHere: Bool
    }

    struct Column: Sendable {
        let title: String
        var isNumber = false
    }

    struct Cell: Sendable {
        let text: String
        /// The column's title, shown on a phone.
        fileprivate(set) var label = ""
        let link: String?
        let tone: String
        let isBadge: Bool
        /// A class of the stylesheet.
        let `class`: String

        init(_ text: String, link: String? = nil, tone: String = "", isBadge: Bool = false, class classes: String = "") {
            self.text = text
            self.link = link
            self.tone = tone
            self.isBadge = isBadge
            // On a phone an empty cell would be a label alone.
            let all = [classes, isBadge ? "" : tone, text.isEmpty ? "blank" : ""]
            self.class = all.filter { !$0.isEmpty }.joined(separator: " ")
        }

        static func text(_ text: String, link: String? = nil, tone: String = "") -> Cell { Cell(text.visible, link: link, tone: tone) }
        static func long(_ text: String) -> Cell { Cell(text.visible.shortened(to: 500), class: "whole break") }
        static func id(_ text: String, link: String? = nil) -> Cell { Cell(text.visible, link: link, class: "whole mono break") }
        static func number(_ text: String, tone: String = "") -> Cell { Cell(text, tone: tone, class: "number") }
        static func badge(_ text: String, tone: String = "") -> Cell { Cell(text.visible, tone: tone, isBadge: true) }
    }

    struct Row: Sendable {
        let cells: [Cell]
        let acts: [RowAct]
    }

    /// A row's button.
    struct RowAct: Sendable {
        let name: String
        let subject: String
        let path: String
    }

    struct Field: Sendable {
        let name: String
        let label: String
        let value: String
        let hint: String
        let choices: [Choice]
        let hasChoices: Bool

        init(name: String, label: String, value: String = "", hint: String = "", choices: [Choice] = []) {
            (self.name, self.label, self.value, self.hint, self.choices) = (name, label, value, hint, choices)
            self.hasChoices = !choices.isEmpty
        }

        /// One of several; preceded by an empty one, if `any` is its name.
        static func choice(_ name: String, _ label: String, _ values: [String], chosen: String?, any: String? = nil) -> Field {
            Field(
                name: name, label: label,
                choices: (any.map { [Choice(value: "", name: $0, isChosen: chosen == nil)] } ?? [])
                    + values.map { Choice(value: $0, name: $0, isChosen: $0 == chosen) })
        }
    }

    struct Choice: Sendable {
        let value: String
        let name: String
        let isChosen: Bool
    }

    struct Filter: Sendable {
        let action: String
        let fields: [Field]
        var button = "Show"
    }

    struct ActForm: Sendable {
        let title: String
        var intro: String?
        let action: String
        let fields: [Field]
        var area: Area?
        let buttons: [Button]
    }

    struct Area: Sendable {
        let label: String
        let text: String
    }

    struct Button: Sendable {
        let value: String
        let name: String
        var `class` = ""
    }

    /// Adds a row; on a phone its cells take the columns' titles as labels.
    mutating func add(_ cells: [Cell], acts: [RowAct] = []) {
        let labelled = zip(cells, self.columns).map { cell, column in
            var cell = cell
            cell.label = column.title
            return cell
        }
        self.rows.append(Row(cells: labelled, acts: acts))
        self.hasRows = true
        self.hasActs = self.hasActs || !acts.isEmpty
    }
}

/// The views of waiting and running messages, as tabs.
enum WorkTabs {
    static func of(_ here: String) -> Listing.TabBar {
        Listing.TabBar(
            items: [("/running", "Running"), ("/waiting", "Waiting"), ("/skip", "Skip rules"), ("/send", "Send")].map {
                Listing.Tab(path: $0, name: $1, isHere: $0 == here)
            })
    }
}
