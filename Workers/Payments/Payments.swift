@main
struct PaymentsMain {
    static func main() {}
}
