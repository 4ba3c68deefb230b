@main
struct EmailMain {
    static func main() {}
}
