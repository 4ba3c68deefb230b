/// A page with a table, filters above and actions below: `listing.mustache`.
public struct Listing: Sendable {
    /// The title.
    public let title: String
    /// A text beside the title.
    public var summary: String
    var tabs: TabBar?
    /// The reason why an action failed.
    public var problem: String?
    /// The fields above the table.
    public var filter: Filter?
    /// The columns; before the rows.
    public var columns: [Column] = []
    private(set) var rows: [Row] = []
    /// The text of an empty table.
    public var none = "None."
    /// A text below the table.
    public var note: String?
    /// A form below the table.
    public var form: ActForm?

    // Stored, since templates cannot read computed properties.
    private(set) var hasRows = false
    private(set) var hasActs = false

    /// A page without rows.
    public init(title: String, summary: String = "") { self.init(title: title, summary: summary, tabs: nil) }

    init(title: String, summary: String = "", tabs: TabBar?, problem: String? = nil) {
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

    /// A column.
    public struct Column: Sendable {
        let title: String
        let isNumber: Bool

        /// A column of texts, or of numbers.
        public init(title: String, isNumber: Bool = false) {
            self.title = title
            self.isNumber = isNumber
        }
    }

    /// A cell; its tone is a class of the stylesheet: `warn`, `bad`, `zero`.
    public struct Cell: Sendable {
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

        /// A text.
        public static func text(_ text: String, link: String? = nil, tone: String = "") -> Cell { Cell(text.visible, link: link, tone: tone) }
        /// A text of any length.
        public static func long(_ text: String) -> Cell { Cell(text.visible.shortened(to: 500), class: "whole break") }
        /// An id.
        public static func id(_ text: String, link: String? = nil) -> Cell { Cell(text.visible, link: link, class: "whole mono break") }
        /// A number.
        public static func number(_ text: String, tone: String = "") -> Cell { Cell(text, tone: tone, class: "number") }
        /// A word in a frame.
        public static func badge(_ text: String, tone: String = "") -> Cell { Cell(text.visible, tone: tone, isBadge: true) }
    }

    struct Row: Sendable {
        let cells: [Cell]
        let acts: [RowAct]
    }

    /// A row's button.
    public struct RowAct: Sendable {
        let name: String
        let subject: String
        let path: String

        /// A button that posts to a path.
        /// - Parameter subject: what it acts on, for screen readers.
        public init(name: String, subject: String, path: String) {
            self.name = name
            self.subject = subject
            self.path = path
        }
    }

    /// A field of a form.
    public struct Field: Sendable {
        let name: String
        let label: String
        let value: String
        let hint: String
        let choices: [Choice]
        let hasChoices: Bool

        /// A field for a text.
        public init(name: String, label: String, value: String = "", hint: String = "") {
            self.init(name: name, label: label, value: value, hint: hint, choices: [])
        }

        init(name: String, label: String, value: String = "", hint: String = "", choices: [Choice]) {
            (self.name, self.label, self.value, self.hint, self.choices) = (name, label, value, hint, choices)
            self.hasChoices = !choices.isEmpty
        }

        /// One of several; preceded by an empty one, if `any` is its name.
        public static func choice(_ name: String, _ label: String, _ values: [String], chosen: String?, any: String? = nil) -> Field {
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

    /// The fields that choose what is listed.
    public struct Filter: Sendable {
        let action: String
        let fields: [Field]
        let button = "Show"

        /// Fields that are sent to a path as a query.
        public init(action: String, fields: [Field]) {
            self.action = action
            self.fields = fields
        }
    }

    /// A form below the table.
    public struct ActForm: Sendable {
        let title: String
        let intro: String?
        let action: String
        let fields: [Field]
        let area: Area?
        let buttons: [Button]

        /// A form that is posted to a path.
        public init(title: String, intro: String? = nil, action: String, fields: [Field], area: Area? = nil, buttons: [Button]) {
            self.title = title
            self.intro = intro
            self.action = action
            self.fields = fields
            self.area = area
            self.buttons = buttons
        }
    }

    /// A field for a long text, whose name is `payload`.
    public struct Area: Sendable {
        let label: String
        let text: String

        /// A field with a text.
        public init(label: String, text: String) {
            self.label = label
            self.text = text
        }
    }

    /// A button of a form.
    public struct Button: Sendable {
        let value: String
        let name: String
        let `class`: String

        /// A button with a name; the form's field `do` has its value.
        public init(value: String, name: String, class classes: String = "") {
            self.value = value
            self.name = name
            self.class = classes
        }
    }

    /// Adds a row; on a phone its cells take the columns' titles as labels.
    public mutating func add(_ cells: [Cell], acts: [RowAct] = []) {
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
