@main
struct AccountsMain {
    static func main() {}
}
