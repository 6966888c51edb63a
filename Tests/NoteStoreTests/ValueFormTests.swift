import NoteModel
import NoteStore
import Testing

@Suite struct ValueFormTests {
  private func outcome(_ type: String, _ value: Value, isNullable: Bool = false) -> ValueForm.Outcome {
    let form = ValueForm(engine: "postgresql", declaredType: type, isNullable: isNullable)
    switch value {
    case .integer(let number): return form.outcome(of: .integer(number))
    case .real(let number): return form.outcome(of: .real(number))
    case .text(let bytes): return bytes.withUnsafeBytes { form.outcome(of: .text($0)) }
    case .bytes(let bytes): return bytes.withUnsafeBytes { form.outcome(of: .bytes($0)) }
    default: return form.outcome(of: .null)
    }
  }

  private func text(_ text: String) -> Value { .text(Array(text.utf8)) }

  @Test func `a whole number is held up to its column's bits`() {
    #expect(outcome("integer", .integer(2_147_483_647)) == .same)
    #expect(outcome("integer", .integer(-2_147_483_648)) == .same)
    #expect(outcome("integer", .integer(2_147_483_648)) == .substitute(.integer(0)))
    #expect(outcome("integer", .integer(2_147_483_648), isNullable: true) == .substitute(.null))
    #expect(outcome("smallint", .integer(-32_769)) == .substitute(.integer(0)))
    #expect(outcome("bigint", .integer(.min)) == .same)
    #expect(outcome("integer", .null) == .same)
  }

  @Test func `what is a number beyond doubt is converted, and nothing is rounded`() {
    #expect(outcome("integer", .real(3)) == .converted(.integer(3)))
    #expect(outcome("integer", .real(3.5)) == .substitute(.integer(0)))
    #expect(outcome("bigint", .real(.infinity)) == .substitute(.integer(0)))
    #expect(outcome("integer", text("-42")) == .converted(.integer(-42)))
    for odd in ["", "042", "+1", " 1", "1.0", "0x10", "yesterday"] {
      #expect(outcome("integer", text(odd)) == .substitute(.integer(0)), "\(odd)")
    }
    #expect(outcome("double precision", .integer(1 << 53)) == .converted(.real(0x1p53)))
    #expect(outcome("double precision", .integer(1 << 53 + 1)) == .substitute(.real(0)))
    #expect(outcome("real", .real(0.1)) == .substitute(.real(0)))
    #expect(outcome("real", .real(0.5)) == .same)
    #expect(outcome("numeric", .integer(12)) == .converted(text("12")))
    #expect(outcome("numeric", .real(1e300)) == .substitute(text("0")))
    #expect(outcome("numeric(10,2)", text("1.50")) == .same)
  }

  @Test func `a boolean is 0 or 1, and other numbers count as true`() {
    #expect(outcome("boolean", .integer(1)) == .same)
    #expect(outcome("boolean", .integer(2)) == .substitute(.integer(1)))
    #expect(outcome("boolean", text("true")) == .converted(.integer(1)))
    #expect(outcome("boolean", .real(0)) == .converted(.integer(0)))
  }

  @Test func `text among bytes and bytes among text keep their bytes`() {
    #expect(outcome("bytea", text("a")) == .converted(.bytes([0x61])))
    #expect(outcome("bytea", .integer(42)) == .converted(.bytes(Array("42".utf8))))
    #expect(outcome("text", .bytes([0x61])) == .converted(text("a")))
    #expect(outcome("text", .bytes([0x61, 0])) == .substitute(text("a\u{2400}")))
    #expect(outcome("text", .real(0.1)) == .converted(text("0.1")))
    #expect(outcome("jsonb", .integer(7)) == .converted(text("7")))
    #expect(outcome("json", text("{ }")) == .same)
  }

  @Test func `times are seconds, or texts that say the same moment`() {
    #expect(outcome("timestamp without time zone", .integer(0)) == .converted(text("1970-01-01 00:00:00")))
    #expect(outcome("timestamp with time zone", .integer(-1)) == .converted(text("1969-12-31 23:59:59+00")))
    #expect(
      outcome("timestamp with time zone", text("2024-02-29T23:30:00.120+01:00"))
        == .converted(text("2024-02-29 22:30:00.12+00")))
    #expect(outcome("timestamp without time zone", text("2024-02-29 23:30:00")) == .same)
    #expect(outcome("date", text("2024-02-29")) == .same)
    for odd in ["2023-02-29", "2024-13-01", "24-01-01", "2024-01-01 25:00:00", "now", "2024-01-01 10:00:00.1234567"] {
      #expect(outcome("timestamp without time zone", text(odd), isNullable: true) == .substitute(.null), "\(odd)")
    }
    let seconds = ValueForm(engine: "sqlite", declaredType: "BIGINT", source: "timestamp with time zone")
    let moment = Array("2001-09-09 01:46:40+00".utf8)
    #expect(moment.withUnsafeBytes { seconds.outcome(of: .text($0)) } == .converted(.integer(1_000_000_000)))
  }

  @Test func `a decimal number has the digits that its column has room for`() {
    #expect(outcome("numeric(6,2)", text("1234.50")) == .same)
    #expect(outcome("numeric(6,2)", text("0001.5")) == .substitute(text("0.00")))
    #expect(outcome("numeric(6,2)", text("-1.5")) == .converted(text("-1.50")))
    #expect(outcome("numeric(6,2)", .integer(7)) == .converted(text("7.00")))
    // The server would round it, and nobody would know.
    #expect(outcome("numeric(6,2)", text("1.005")) == .substitute(text("0.00")))
    #expect(outcome("numeric(6,2)", .integer(10_000), isNullable: true) == .substitute(.null))
    #expect(outcome("numeric(4)", .integer(9999)) == .converted(text("9999")))
    #expect(outcome("numeric", text("-0")) == .substitute(text("0")))
    #expect(outcome("numeric", text("-Infinity")) == .same)
    #expect(outcome("numeric(6,2)", text("NaN")) == .same)
    #expect(outcome("numeric(6,2)", text("Infinity")) == .substitute(text("0.00")))
    #expect(outcome("numeric(2,-3)", .integer(7)) == .converted(text("7")))
  }

  @Test func `a text is cut after the characters that its column has room for`() {
    #expect(outcome("character varying(3)", text("äöü")) == .same)
    #expect(outcome("character varying(3)", text("äöüß")) == .substitute(text("äöü")))
    // The server would drop these blanks without a word.
    #expect(outcome("varchar(3)", text("abc  ")) == .substitute(text("abc")))
    #expect(outcome("character varying(3)", .bytes([0x61, 0, 0xFF, 0x62])) == .substitute(text("a␀\u{FFFD}")))
    #expect(outcome("character varying(3)", .integer(12345)) == .substitute(text("123")))
    #expect(outcome("character varying", text(String(repeating: "a", count: 999))) == .same)
  }

  @Test func `a UUID is written as the server writes it`() {
    let normal = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    #expect(outcome("uuid", text(normal)) == .same)
    for odd in [
      normal.uppercased(), "{\(normal)}", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
    ] {
      #expect(outcome("uuid", text(odd)) == .converted(text(normal)), "\(odd)")
    }
    let zeros = Value.text(Array("00000000-0000-0000-0000-000000000000".utf8))
    for odd in ["", normal + "0", "g" + normal.dropFirst(), normal.dropLast() + "-", "{\(normal)", "-" + normal] {
      #expect(outcome("uuid", text(odd)) == .substitute(zeros), "\(odd)")
    }
    #expect(outcome("uuid", .integer(1), isNullable: true) == .substitute(.null))
  }

  @Test func `what a type wrote itself is not judged`() {
    let infinity = Array("infinity".utf8)
    let form = ValueForm(
      engine: "postgresql", declaredType: "timestamp with time zone", source: "timestamp with time zone")
    #expect(infinity.withUnsafeBytes { form.outcome(of: .text($0)) } == .same)
  }

  @Test func `two targets hold what the narrower one holds`() {
    let narrow = ValueForm.narrower(ValueForm(.integer(bits: 64)), ValueForm(.integer(bits: 32), isNullable: false))
    #expect(narrow == ValueForm(.integer(bits: 32), isNullable: false))
    #expect(ValueForm.narrower(.any, ValueForm(.bytes)) == ValueForm(.bytes))
    #expect(ValueForm.narrower(ValueForm(.text(.limited(9))), ValueForm(.text(.limited(4)))).kind == .text(.limited(4)))
    #expect(ValueForm.narrower(ValueForm(.text(.unicode)), ValueForm(.text(.limited(4)))).kind == .text(.limited(4)))
    #expect(ValueForm.narrower(ValueForm(.text(.meaning)), ValueForm(.text(.unicode))).kind == .text(.meaning))
  }
}
