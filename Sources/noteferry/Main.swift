import NoteFerryCommands

@main
struct Main {
  static func main() { NoteFerryTool.main() }
}
