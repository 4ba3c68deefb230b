@main
struct StripeDoubleMain {
    static func main() {}
}
