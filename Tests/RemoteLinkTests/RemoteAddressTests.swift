import NoteModel
import Testing

@testable import RemoteLink

@Suite struct RemoteAddressTests {
  @Test func `an address has a user, a host, a port and an absolute path`() throws {
    let address = try RemoteAddress("ssh://jo@old.example:2222/srv/memos_prod.db")
    #expect(address.user == "jo")
    #expect(address.host == "old.example")
    #expect(address.port == 2222)
    #expect(address.store == "/srv/memos_prod.db")
    #expect(address.program == nil)
    #expect(address.name == "ssh://jo@old.example:2222/srv/memos_prod.db")
    #expect(try RemoteAddress("ssh://[::1]:22/a").host == "::1")
  }

  @Test func `a path under the home is relative to where ssh begins`() throws {
    #expect(try RemoteAddress("ssh://h/~/memos.db").store == "./memos.db")
    #expect(try RemoteAddress("ssh://h/~/-rf").store == "./-rf")
  }

  @Test(arguments: [
    ("ssh://h/a%20b", "/a b"), ("ssh://h/a b'\"$(x)`y`", "/a b'\"$(x)`y`"), ("ssh://h/a%0Ab", "/a\nb"),
    ("ssh://h/a%3Fb", "sqlite:/a?b?"), ("ssh://h/a%25b", "/a%b"), ("ssh://h/%C3%A4", "/ä"),
    ("ssh://h/a?profile=memos&data=/d%20e", "sqlite:/a?profile=memos&data=/d e"),
    ("ssh://h/?store=postgresql://u@127.0.0.1/memos", "postgresql://u@127.0.0.1/memos"),
    ("ssh://h?store=postgresql:%2F%2F/memos%3Fdata=x", "postgresql:///memos?data=x"),
  ])
  func `every byte can be in a path`(text: String, store: String) throws {
    #expect(try RemoteAddress(text).store == store)
  }

  @Test(arguments: [
    "ssh://-oProxyCommand=x/a", "ssh://h;id/a", "ssh://h$(id)/a", "ssh://-l@h/a", "ssh://a b@h/a", "ssh://u%0A@h/a",
    "ssh://u:p@h/a", "ssh:///a", "ssh://h", "ssh://h/", "ssh://h/~/", "ssh://h:0/a", "ssh://h:99999/a", "ssh://h:x/a",
    "ssh://h/a%0", "ssh://h/a%zz", "ssh://h/a%FF", "ssh://h/a%00", "ssh://h/a?other=1", "ssh://h/a?store=/b",
    "ssh://h/?store=ssh://g/b", "ssh://h/?store=", "ssh://[::1/a", "ssh://h/a?noteferry=", "sqlite:a",
  ])
  func `what ssh or a shell could take for something else is refused`(text: String) throws {
    let error = #expect(throws: MigrationError.self) { try RemoteAddress(text) }
    #expect(error?.code == .usage)
    #expect(error?.safeNow == "no connection was made")
  }

  @Test func `host and user are never options, and the program is one word`() throws {
    let options = SSHOptions(
      environment: ["NOTEFERRY_SSH": "ssh -F config", "NOTEFERRY_REMOTE": "/opt/a b'c/$(x)"], asks: false)
    let words = options.arguments(try RemoteAddress("ssh://jo@h:7/x%20y"))
    #expect(words.prefix(3) == ["ssh", "-F", "config"])
    #expect(words.contains("BatchMode=yes"))
    #expect(words.suffix(3) == ["--", "h", #"'/opt/a b'\''c/$(x)' remote serve"#])
    #expect(!words.contains { $0.contains("x y") })
  }
}
