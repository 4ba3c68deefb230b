import Testing

@testable import RabbitMQ

@Suite struct UnacknowledgedTagsTests {
    private func tags(_ count: UInt64) -> UnacknowledgedTags {
        var tags = UnacknowledgedTags()
        for tag in 1...count { tags.deliver(tag) }
        return tags
    }

    @Test func `deliveries settled in order are one acknowledgement`() {
        var tags = self.tags(5)
        for tag in [3, 1, 2] as [UInt64] { tags.acknowledge(tag, multiple: false) }
        #expect(tags.takeAcks() == (3, []))
        #expect(tags.takeAcks() == (nil, []))
        #expect(tags.count == 2)
    }

    @Test func `a delivery behind an outstanding one is acknowledged separately`() {
        var tags = self.tags(5)
        tags.acknowledge(1, multiple: false)
        tags.acknowledge(4, multiple: false)
        #expect(tags.takeAcks() == (1, [4]))
        #expect(tags.count == 3)
        tags.acknowledge(4, multiple: false)
        tags.acknowledge(2, multiple: false)
        tags.acknowledge(3, multiple: false)
        #expect(tags.takeAcks() == (3, []))
        #expect(tags.count == 1)
    }

    @Test func `a long outstanding delivery costs later ones nothing`() {
        var tags = self.tags(1)
        for tag in 2...10_000 as ClosedRange<UInt64> {
            tags.deliver(tag)
            tags.acknowledge(tag, multiple: false)
            #expect(tags.takeAcks() == (nil, [tag]))
            #expect(tags.count == 1)
        }
        tags.acknowledge(1, multiple: false)
        #expect(tags.takeAcks() == (1, []))
        #expect(tags.count == 0)
    }

    @Test func `in any order, each tag is covered once and an acknowledgement always names an outstanding one`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var tags = UnacknowledgedTags()
            var (delivered, outstanding) = (UInt64(0), Set<UInt64>())
            for _ in 0..<400 {
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    delivered += 1
                    tags.deliver(delivered)
                    outstanding.insert(delivered)
                }
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    tags.acknowledge(UInt64.random(in: 1...delivered + 3, using: &random), multiple: Int.random(in: 0..<20, using: &random) == 0)
                }
                let (upTo, singles) = tags.takeAcks()
                if let upTo {
                    #expect(outstanding.contains(upTo))
                    outstanding = outstanding.filter { $0 > upTo }
                }
                for tag in singles { #expect(outstanding.remove(tag) != nil) }
            }
            if delivered > 0 {
                tags.acknowledge(delivered, multiple: true)
                #expect(outstanding.isEmpty || tags.takeAcks().upTo == delivered || outstanding.max() != delivered)
            }
        }
    }
}
