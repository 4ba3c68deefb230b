import Markup
import Mustache
import Testing

/// Templates, compared with another implementation of Mustache for the tags that both know.
@Suite struct TemplateTests {
    private struct Line: Sendable {
        var name: String
        var count: Int?
        var isLast = false
        var inner: Inner? = nil
    }

    private struct Inner: Sendable {
        var name: String?
        var words: [String]
    }

    private static let values: [String: any Sendable] = [
        "title": "Tea & <coffee>", "none": [String](), "yes": true, "no": false, "zero": 0, "empty": "",
        "lines": [
            Line(name: "one", count: 1), Line(name: "two", count: nil, inner: Inner(name: nil, words: ["a", "b"])), Line(name: "three", isLast: true),
        ],
        "map": ["a": "x", "b": "y"],
    ]

    private static let partials = [
        "layout": "<title>{{title}}</title>\n{{$head}}no head{{/head}}\n{{$main}}\nnothing\n{{/main}}\nend\n",
        "line": "{{name}}: {{count}}{{^count}}?{{/count}}\n", "button": "[{{$label}}Press{{/label}}]",
    ]

    static let texts = [
        "", "plain", "{{title}}", "a{{title}}b{{title}}c\n", "{{missing}}.", "{{map.a}}{{map.c}}{{missing.a}}", "{{zero}}|{{empty}}|{{yes}}",
        "{{#yes}}in {{title}}{{/yes}}{{#no}}out{{/no}}{{^no}}not{{/no}}{{^yes}}never{{/yes}}",
        "{{#zero}}0 is a value{{/zero}}{{#empty}}so is this{{/empty}}",
        "{{#missing}}never{{/missing}}{{^missing}}missing{{/missing}}{{^none}}none{{/none}}{{#none}}never{{/none}}",
        "{{#lines}}{{name}} {{count}},{{/lines}}", "{{#lines}}{{#inner}}{{name}}{{.name}}{{#words}}({{.}} of {{name}}){{/words}}{{/inner}}{{/lines}}",
        "{{#lines}}\n* {{name}}{{#isLast}}.{{/isLast}}{{^isLast}};{{/isLast}}\n{{/lines}}\n", "{{#map}}{{a}}{{b}}{{title}}{{/map}}",
        "one\n  {{#yes}}  \ntwo\n\t{{/yes}}\nthree", "one\n{{#yes}} two\n{{/yes}} three\n", "{{! nothing }}\nx{{! nothing }}y\n  {{! nothing }}\nz",
        "{{#yes}}\n{{/yes}}", "\r\n{{#yes}}\r\nx\r\n{{/yes}}\r\ny", "{{#lines}}{{>line}}{{/lines}}", "{{#lines}}\n{{>line}}\n{{/lines}}\n",
        "{{>missing}}x",
        "{{<layout}}\n{{$main}}\nours\n{{/main}}\n{{/layout}}\n", "{{<layout}}\nleft out\n{{$head}}<h1>{{title}}</h1>{{/head}}\n{{/layout}}\n",
        "{{>layout}}",
        "{{<layout}}{{$main}}{{#lines}}{{<button}}{{$label}}{{name}}{{/label}}{{/button}}{{/lines}}{{/main}}{{/layout}}",
    ]

    @Test(arguments: TemplateTests.texts)
    func `a template renders as in another implementation`(text: String) throws {
        var ours = Templates()
        var theirs = MustacheLibrary()
        for (name, partial) in Self.partials {
            try ours.add(partial, named: name, isHTML: true)
            try theirs.register(partial, named: name)
        }
        try ours.add(text, named: "text", isHTML: true)
        try theirs.register(text, named: "text")
        #expect(ours.render(Self.values, in: "text") == theirs.render(Self.values, withTemplate: "text"))
    }

    @Test func `values are escaped in HTML, and in plain text stay as they are`() throws {
        var templates = Templates()
        try templates.add("<a title=\"{{title}}\">{{#map}}{{.a}}{{/map}}{{>plain}}", named: "page", isHTML: true)
        try templates.add("{{title}}", named: "plain", isHTML: false)
        #expect(
            templates.render(["title": "\"<>&'\0\r\"\u{301}", "map": ["a": "<b>"]] as [String: any Sendable], in: "page")
                == "<a title=\"&quot;&lt;&gt;&amp;&#39;\u{fffd}&#13;&quot;\u{301}\">&lt;b&gt;\"<>&'\0\r\"\u{301}")
        #expect(templates.render([String: any Sendable](), in: "nowhere") == nil)
    }

    @Test(arguments: [
        "{{", "{{a", "{{}}", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{$a}}{{#b}}{{/a}}{{/b}}", "{{{a}}}", "{{&a}}", "{{=| |=}}", "{{a b}}", "{{>*a}}",
    ])
    func `a template with a tag that is open, misplaced or of another kind is refused`(text: String) {
        #expect(throws: Templates.Malformed.self) {
            var templates = Templates()
            try templates.add(text, named: "a", isHTML: true)
        }
    }
}
