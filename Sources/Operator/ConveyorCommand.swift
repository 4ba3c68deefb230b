import ConveyorOperator

/// `conveyor`, the command line for operators of the shop.
@main
struct ConveyorCommand {
    static func main() async { await OperatorApplication.shop.main() }
}
