import Markup

/// The templates of `Assets/`: embedded, parsed once at the start.
enum ConsoleTemplates {
    /// - Parameter more: an application's templates; they replace those of the same name.
    /// - Throws: a template that cannot be read, found at the start.
    static func all(_ more: [String: String] = [:]) throws -> Templates {
        var templates = Templates()
        for (name, text) in self.texts where more[name] == nil { try templates.add(String(decoding: text, as: UTF8.self), named: name, isHTML: true) }
        for (name, text) in more { try templates.add(text, named: name, isHTML: true) }
        return templates
    }

    static var texts: [(name: String, text: [UInt8])] {
        [
            ("layout", PackageResources.layout_mustache),
            ("error", PackageResources.error_mustache),
            ("login", PackageResources.login_mustache),
            ("account", PackageResources.account_mustache),
            ("listing", PackageResources.listing_mustache),
            ("link", PackageResources.link_mustache),
            ("people", PackageResources.people_mustache),
            ("overview", PackageResources.overview_mustache),
            ("dead_letters", PackageResources.dead_letters_mustache),
            ("dead_letter", PackageResources.dead_letter_mustache),
            ("replay", PackageResources.replay_mustache),
            ("discard", PackageResources.discard_mustache),
            ("jobs", PackageResources.jobs_mustache),
            ("job", PackageResources.job_mustache),
            ("trace", PackageResources.trace_mustache),
            ("audit", PackageResources.audit_mustache),
            ("search", PackageResources.search_mustache),
            ("search_help", PackageResources.search_help_mustache),
            ("chart", PackageResources.chart_mustache),
            ("groups", PackageResources.groups_mustache),
            ("moment", PackageResources.moment_mustache),
        ]
    }
}
