"""The part of Scripts/bench that measures noteferry beside psql, pg_dump and pgloader, on a server of its own.

The server has its usual settings, so every figure ends with what was committed being on the disk. Its processor time is
measured apart from the clients', over all its processes.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile

TABLES = [
    ("system_setting", "name"), ("user", "id"), ("user_setting", "user_id, key"), ("memo", "id"),
    ("memo_relation", "memo_id, related_memo_id, type"), ("attachment", "id"), ("idp", "id"), ("inbox", "id"),
    ("reaction", "id"), ("memo_share", "id"), ("user_identity", "id"),
]

# The tables as Memos makes them on PostgreSQL.
SCHEMA = """
CREATE TABLE system_setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, description TEXT NOT NULL);
CREATE TABLE "user" (id SERIAL PRIMARY KEY, created_ts BIGINT NOT NULL, updated_ts BIGINT NOT NULL,
  row_status TEXT NOT NULL, username TEXT NOT NULL UNIQUE, role TEXT NOT NULL, email TEXT NOT NULL,
  nickname TEXT NOT NULL, password_hash TEXT NOT NULL, avatar_url TEXT NOT NULL, description TEXT NOT NULL);
CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (user_id, key));
CREATE TABLE memo (id SERIAL PRIMARY KEY, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
  created_ts BIGINT NOT NULL, updated_ts BIGINT NOT NULL, row_status TEXT NOT NULL, content TEXT NOT NULL,
  visibility TEXT NOT NULL, pinned BOOLEAN NOT NULL, payload JSONB NOT NULL);
CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
  UNIQUE (memo_id, related_memo_id, type));
CREATE TABLE attachment (id SERIAL PRIMARY KEY, uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL,
  created_ts BIGINT NOT NULL, updated_ts BIGINT NOT NULL, filename TEXT NOT NULL, blob BYTEA, type TEXT NOT NULL,
  size INTEGER NOT NULL, memo_id INTEGER, storage_type TEXT NOT NULL, reference TEXT NOT NULL, payload TEXT NOT NULL);
CREATE TABLE idp (id SERIAL PRIMARY KEY, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, type TEXT NOT NULL,
  identifier_filter TEXT NOT NULL DEFAULT '', config JSONB NOT NULL DEFAULT '{}');
CREATE TABLE inbox (id SERIAL PRIMARY KEY, created_ts BIGINT NOT NULL, sender_id INTEGER NOT NULL,
  receiver_id INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE reaction (id SERIAL PRIMARY KEY, created_ts BIGINT NOT NULL, creator_id INTEGER NOT NULL,
  memo_id INTEGER NOT NULL, reaction_type TEXT NOT NULL, UNIQUE (creator_id, memo_id, reaction_type));
CREATE TABLE memo_share (id SERIAL PRIMARY KEY, uid TEXT NOT NULL UNIQUE, memo_id INTEGER NOT NULL,
  creator_id INTEGER NOT NULL, created_ts BIGINT NOT NULL, expires_ts BIGINT);
CREATE TABLE user_identity (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL, provider TEXT NOT NULL,
  extern_uid TEXT NOT NULL, created_ts BIGINT NOT NULL, updated_ts BIGINT NOT NULL, UNIQUE (provider, extern_uid),
  UNIQUE (user_id, provider));
CREATE INDEX idx_memo_creator_id ON memo (creator_id);
CREATE INDEX idx_attachment_memo_id ON attachment (memo_id);
"""


def quoted(table):
    return f'"{table}"' if table == "user" else table


def programs_folder():
    """Where the newest server's programs are; None where it is not installed."""
    root = "/usr/lib/postgresql"
    versions = sorted(os.listdir(root), key=lambda text: (len(text), text)) if os.path.isdir(root) else []
    places = [os.path.join(root, version, "bin") for version in reversed(versions)]
    places += os.environ.get("PATH", "").split(os.pathsep)
    return next((place for place in places if os.access(os.path.join(place, "initdb"), os.X_OK)), None)


class Server:
    """A server on a socket in a directory of its own; root lends its part to somebody without rights."""

    def __init__(self, folder, programs):
        self.programs = programs
        self.data = tempfile.mkdtemp(prefix="server-", dir=folder)
        # A socket's name has little room, so it does not stand below a directory that somebody named.
        self.socket = tempfile.mkdtemp(prefix="noteferry-bench-", dir="/tmp")
        self.prefix = []
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in [self.data, self.socket]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            self.prefix = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]
            self.open_way(folder)
        os.chmod(self.socket, 0o755)
        self.environment = {**os.environ, "PGHOST": self.socket, "PGUSER": "bench", "LC_ALL": "C.UTF-8"}
        self.run("initdb", "-D", self.data + "/data", "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync")
        settings = ("-c listen_addresses= -c shared_buffers=512MB -c max_wal_size=4GB -c autovacuum=off "
                    f"-c unix_socket_directories={self.socket}")
        self.run("pg_ctl", "start", "-D", self.data + "/data", "-l", self.data + "/log", "-w", "-s", "-o", settings)
        with open(self.data + "/data/postmaster.pid") as file:
            self.process = int(file.readline())

    @staticmethod
    def open_way(folder):
        """The server's user must be able to go to its directory."""
        while len(folder) > 1 and os.stat(folder).st_uid == os.getuid():
            mode = os.stat(folder).st_mode & 0o7777
            if not mode & 0o001:
                os.chmod(folder, mode | 0o001)
            folder = os.path.dirname(folder)

    def run(self, program, *words):
        # A server must not keep what belongs to whoever started it.
        done = subprocess.run([*self.prefix, os.path.join(self.programs, program), *words], cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode:
            raise OSError(f"{program} ended with {done.returncode}")

    def sql(self, text, database="postgres"):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=text,
                              capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout.splitlines()

    def make(self, database, schema=SCHEMA):
        self.sql(f"DROP DATABASE IF EXISTS {database}")
        self.sql(f"CREATE DATABASE {database} TEMPLATE template0")
        self.sql(schema, database)
        # What a database before it left to be written is not this one's.
        self.sql("CHECKPOINT")

    def url(self, database):
        return f"postgresql://bench@/{database}?host={self.socket}"

    def processor_seconds(self):
        """Of all processes of the server, those that have ended among them."""
        ticks = 0
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process)], capture_output=True, text=True)
        for process in [str(self.process), *children.stdout.split()]:
            try:
                with open(f"/proc/{process}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
            if int(process) == self.process:
                ticks += int(fields[13]) + int(fields[14])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        try:
            self.run("pg_ctl", "stop", "-D", self.data + "/data", "-m", "immediate", "-s")
        finally:
            shutil.rmtree(self.data, ignore_errors=True)
            shutil.rmtree(self.socket, ignore_errors=True)


def copy_script(direction, folder):
    """One psql that copies all tables, in binary form."""
    lines = []
    for table, order in TABLES:
        what = quoted(table) if direction == "from" else f"(SELECT * FROM {quoted(table)} ORDER BY {order})"
        lines.append(f"\\copy {what} {direction} '{folder}/{table}' (FORMAT binary)")
    return "\n".join(lines) + "\n"


def prepare(server, store, work, noteferry, measure, environment, say):
    """Fills the database that everybody reads from, and the files that psql loads."""
    at = lambda name: os.path.join(work, name)
    quiet = ["--state-dir", at("state"), "--progress", "none", "--no-input"]
    server.make("source")
    say("postgresql: filling the source")
    measure([noteferry, "export", store, "-o", at("first"), *quiet], environment)
    measure([noteferry, "import", at("first"), "--to", server.url("source"), "--repair", "none", *quiet], environment)
    server.sql("VACUUM ANALYZE", "source")
    shutil.rmtree(at("first"))
    os.makedirs(at("files"))
    for direction, name in [("to", "out.sql"), ("from", "in.sql")]:
        with open(at(name), "w") as file:
            file.write(copy_script(direction, at("files")))
    measure(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "source", "-f", at("out.sql")], environment)


def programs(server, store, work, noteferry, Program, shell):
    """In the order of one round."""
    at = lambda name: os.path.join(work, name)
    quiet = ["--state-dir", at("state"), "--progress", "none", "--no-input"]
    fresh = lambda database: (lambda _: server.make(database))
    loaded = [noteferry, "import", at("archive"), "--to", server.url("target"), "--repair", "none", *quiet]
    copied = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "copied", "-f", at("in.sql")]
    result = [
        Program("pg_dump -Fc -Z0", shell('pg_dump -Fc -Z0 -f "$2" "$1"; sync "$2"', "source", at("dump")),
                makes=[at("dump")], done=[at("dump")]),
        Program("export from PostgreSQL", [noteferry, "export", server.url("source"), "-o", at("archive"), *quiet],
                makes=[at("archive"), at("state")]),
        Program("psql \\copy", copied, before=fresh("copied")),
        Program("import into PostgreSQL", [*loaded, "--verify", "none"], before=fresh("target")),
        Program("the same, read back", loaded, before=fresh("target"), done=[at("archive"), at("state")]),
    ]
    if shutil.which("pgloader"):
        script = at("pgloader.load")
        with open(script, "w") as file:
            file.write(f"LOAD DATABASE FROM sqlite://{store} INTO postgresql://bench@unix:{server.socket}:5432/loaded\n"
                       "  WITH data only, reset sequences;\n")
        # It cannot make Memos' tables (it takes their default expressions for texts), so they are there.
        result.append(Program("pgloader", ["pgloader", "--quiet", script], before=fresh("loaded")))
    return result


def losses(server, store):
    """What pgloader left out, by table: rows, and bytes of notes and images, beside those of the store."""
    found = []
    for table, _ in TABLES:
        long = {"memo": "content", "attachment": "blob"}.get(table)
        bytes_of = lambda length: f", coalesce(sum({length}), 0)" if long else ""
        have = subprocess.run(["sqlite3", store, f"SELECT count(*){bytes_of(f'length(CAST({long} AS BLOB))')} "
                               f'FROM "{table}"'], capture_output=True, text=True).stdout.strip()
        got = server.sql(f"SELECT count(*){bytes_of(f'octet_length({long})')} FROM {quoted(table)}", "loaded")[0]
        if got != have:
            found.append(f"{table}: {got} of {have} (rows{' | bytes' if long else ''})")
    return found


LIMITS = [
    ("import into PostgreSQL", "psql \\copy", 1 / 0.9),
    ("import into PostgreSQL", "pgloader", 1),
    ("export from PostgreSQL", "pg_dump -Fc -Z0", 1 / 0.9),
]
OURS = ["export from PostgreSQL", "import into PostgreSQL", "the same, read back"]


def bench(folder, store, options, noteferry, floor, tools):
    """Returns name → list of measurements, what failed, and what pgloader lost; `tools` has the bench's own functions."""
    installed = programs_folder()
    if installed is None:
        tools.say("postgresql: skipped, there is no server; Scripts/setup --test installs it")
        return None
    if not shutil.which("pgloader"):
        tools.say("postgresql: pgloader is not installed, so nothing is compared with it")
    work = os.path.join(folder, "postgresql")
    os.makedirs(work)
    server = Server(folder, installed)
    results, broken, lost = {}, {}, []
    try:
        prepare(server, store, work, noteferry, tools.measure, server.environment, tools.say)
        everything = programs(server, store, work, noteferry, tools.Program, tools.shell)
        for turn in range(options.runs + 1):
            for program in everything:
                if program.name in broken:
                    continue
                tools.say(f"postgresql: {f'run {turn} of {options.runs}' if turn else 'warm-up'}: {program.name}")
                try:
                    tools.remove(*program.makes)
                    if program.before:
                        program.before(server.environment)
                    os.sync()
                    before = server.processor_seconds()
                    figures = tools.measure(program.command, server.environment)
                    figures["server"] = server.processor_seconds() - before
                    if turn:
                        results.setdefault(program.name, []).append(figures)
                    if program.name == "pgloader":
                        lost = losses(server, store)
                except (tools.Failed, OSError) as error:
                    tools.say(f"postgresql: {program.name} failed and is left out: {error}")
                    broken[program.name] = str(error)
                    results.pop(program.name, None)
                tools.remove(*program.done)
    finally:
        server.stop()
        shutil.rmtree(work, ignore_errors=True)
    return results, broken, lost


def report(results, broken, lost, size, median):
    print(f"\n### PostgreSQL on the same machine, {size / 1e6:.0f} MB\n")
    print("| program | wall s | CPU s | server's CPU s | peak MiB | MB/s | runs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, runs in results.items():
        wall, cpu, server = (median(results, name, key) for key in ["wall", "cpu", "server"])
        peak = max(figures["rss"] for figures in runs) / (1 << 20)
        single = " ".join(f"{figures['wall']:.2f}" for figures in runs)
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {server:.2f} | {peak:.0f} | {size / 1e6 / wall:.0f} | {single} |")
    for name in broken:
        print(f"| {name} | failed | | | | | |")
    if "pgloader" in results:
        print("\npgloader lost " + ("; ".join(lost) if lost else "no row") + ".")
