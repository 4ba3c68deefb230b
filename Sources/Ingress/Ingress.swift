@main
struct IngressMain {
    static func main() {}
}
