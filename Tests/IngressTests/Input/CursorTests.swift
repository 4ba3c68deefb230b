import Kit
import FoundationEssentials
import Shop
import Testing

@testable import Ingress

@Suite struct CursorTests {
    private static let id = ID(high: 1, low: 2)

    @Test(arguments: ["", "p1999", "nköttel", String(repeating: "x", count: 800)]) func `a cursor is read as it was written`(key: String) {
        let cursor = Cursor(key: key, id: Self.id)
        #expect(Cursor(cursor.text) == cursor)
    }

    @Test func `a time is kept to the microsecond`() throws {
        let time = Date(timeIntervalSince1970: 1_795_647_392.123456)
        #expect(try abs(Cursor(time, Self.id).time().timeIntervalSince(time)) < 0.000_000_5)
    }

    @Test(arguments: ["", "x", "AAAA", "!!!!", String(repeating: "A", count: 3000), "AAAAAAAAAAEAAAAAAAAAAv8"]) func `anything else is none`(
        text: String
    ) {
        #expect(Cursor(text) == nil)
    }

    @Test func `a page has a next one if there is one item more`() {
        let numbers = [1, 2, 3]
        func page(_ limit: Int) -> Page<Int> { Page(numbers, limit: limit) { Cursor(key: String($0), id: Self.id) } }
        #expect(page(2).items == [1, 2])
        #expect(page(2).nextCursor == Cursor(key: "2", id: Self.id).text)
        #expect(page(3).items == [1, 2, 3])
        #expect(page(3).nextCursor == nil)
        #expect(Page<Int>.empty.items == [])
        #expect(Page<Int>.empty.nextCursor == nil)
    }
}
