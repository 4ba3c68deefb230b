import Conveyor
import FoundationEssentials
import Shop
import Testing

@testable import Ingress

@Suite struct CursorTests {
    private static let id = ID(high: 1, low: 2)

    @Test(arguments: ["", "p1999", "nköttel", String(repeating: "x", count: 800)]) func `a cursor is parsed as it was written`(key: String) {
        let cursor = Cursor(key: key, id: Self.id)
        #expect(Cursor(cursor.text) == cursor)
    }

    @Test func `a time is kept to the microsecond`() throws {
        let time = Date(timeIntervalSince1970: 1_795_647_392.123456)
        #expect(try abs(Cursor(time, Self.id).time().timeIntervalSince(time)) < 0.000_000_5)
    }

    @Test(arguments: ["", "x", "AAAA", "!!!!", String(repeating: "A", count: 3000), "AAAAAAAAAAEAAAAAAAAAAv8"]) func `any other text is not a cursor`(
        text: String
    ) {
        #expect(Cursor(text) == nil)
    }

    @Test(arguments: [
        "-9223372036854775808", "9223372036854775807", "-9223372036854775807", "9223372036854775808", "-253402300799999999", "253402300800000000",
        "-62135596800000001", "", "-", "1e3", "1.0", " 1", "0x10", "١", "999999999999999999999999999999",
    ]) func `a time outside the calendar is a bad cursor`(key: String) {
        #expect(throws: Problem(.badCursor, "The cursor is not valid for this list; use next_cursor of the previous page.")) {
            try Cursor(key: key, id: Self.id).time()
        }
    }

    @Test func `the first and the last time of the calendar are valid`() throws {
        for key in ["-62135596800000000", "253402300799999999", "0", "-1"] { _ = try Cursor(key: key, id: Self.id).time() }
        // Any value of a row can be written as a cursor.
        for time in [Date(timeIntervalSince1970: -.infinity), Date(timeIntervalSince1970: .infinity), Date(timeIntervalSince1970: 1e18)] {
            _ = try Cursor(time, Self.id).time()
        }
    }

    @Test func `a page has a next one if there is one more item`() {
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
