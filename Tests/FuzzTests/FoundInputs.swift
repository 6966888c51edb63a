/// Inputs that once broke a promise, as small as they could be made, by the target that found them.
enum FoundInputs {
  static let all: [(target: String, text: String)] = [
    // Comparing a key that is not a number with a whole number ended the process.
    ("inventory", line("[1]") + line("[{\"f64\":\"7ff8000000000000\"}]")),
    // Among reals it was equal to all of them, which is no order.
    ("inventory", line("[1.5]") + line("[{\"f64\":\"7ff8000000000000\"}]") + line("[2.5]")),
    // A line feed in the name of a column began a line of its own among the findings.
    ("screen", "a\nb"), ("screen", "a\u{9B}b"),
    // The password behind the second question mark was written into the events.
    ("location", "sqlite:what?.db"),
    // Names that Swift calls equal, and a store does not.
    ("schema", twinColumns), ("json", "{\"\u{E9}\":1,\"e\u{301}\":2}"),
    // A year that no calendar has.
    ("journal", journal(created: "-9223372036854775808")), ("journal", journal(created: "9223372036854775807")),
  ]

  private static func line(_ key: String) -> String { "[\(key),\"\(String(repeating: "0", count: 64))\"]\n" }

  private static let twinColumns = """
    {"engine":"sqlite","profile":"a","product_version":"1","fingerprint":"","entities":[{"name":"t","role":"other",\
    "table":"t","columns":[{"name":"\u{E9}","kind":"plain"},{"name":"e\u{301}","kind":"plain"}],"key":["e\u{301}"]}]}
    """

  private static func journal(created: String) -> String {
    """
    {"journal":1,"id":"0","created_ms":\(created),"digest":"sha256","fingerprint":"","secrets_included":false,\
    "expected_bytes":0,"identity":"","source_rows":{}}

    """
  }
}
