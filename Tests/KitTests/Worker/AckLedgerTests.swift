import Testing

@testable import Kit

@Suite struct AckLedgerTests {
    @Test func `tags settled in order are one multiple acknowledgement`() {
        var ledger = AckLedger()
        #expect(ledger.settle([1, 2, 3]) == [.init(tag: 3, multiple: true)])
        #expect(ledger.settle([4]) == [.init(tag: 4, multiple: false)])
        #expect(ledger.settle([6, 5]) == [.init(tag: 6, multiple: true)])
    }

    @Test func `tags behind an open one are acknowledged by themselves`() {
        var ledger = AckLedger()
        #expect(ledger.settle([2, 4]) == [.init(tag: 2, multiple: false), .init(tag: 4, multiple: false)])
        // 1 closes the gap before 2; 3 the one before 4. The highest new tag covers them.
        #expect(ledger.settle([1]) == [.init(tag: 1, multiple: false)])
        #expect(ledger.settle([3, 5]) == [.init(tag: 5, multiple: true)])
    }

    @Test func `no tag is acknowledged twice`() {
        var ledger = AckLedger()
        #expect(ledger.settle([1, 1]) == [.init(tag: 1, multiple: false)])
        #expect(ledger.settle([1]) == [])
        #expect(ledger.settle([3]) == [.init(tag: 3, multiple: false)])
        #expect(ledger.settle([3]) == [])
    }

    @Test func `whatever the order, every tag is covered exactly once`() {
        for seed in 0..<200 {
            var ledger = AckLedger()
            var generator = SplitMix(state: UInt64(seed))
            let tags = Array(UInt64(1)...60).shuffled(using: &generator)
            var open = Set(tags)
            var position = 0
            while position < tags.count {
                let batch = Array(tags[position..<min(tags.count, position + Int.random(in: 1...7, using: &generator))])
                position += batch.count
                for ack in ledger.settle(batch) {
                    // RabbitMQ closes the channel for a tag that is not open.
                    #expect(open.contains(ack.tag))
                    if ack.multiple { open = open.filter { $0 > ack.tag } } else { open.remove(ack.tag) }
                }
                let settled = Set(tags[..<position])
                #expect(open == Set(tags).subtracting(settled))
            }
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
