enum InlineRepair { static func run(_ bench: inout Workbench) {} }
