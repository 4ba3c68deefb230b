@main
struct OrdersMain {
    static func main() {}
}
