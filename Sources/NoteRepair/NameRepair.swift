enum NameRepair { static func run(_ bench: inout Workbench) {} }
