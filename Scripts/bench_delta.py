"""Measures deltas of one note in a thousand, exported and brought into a target that waits for them, beside the base of
the same store and beside one reading of its rows without attachments: a pass that looks at all columns, and a last one
that passes over those behind long attachments. The last one is all that happens while the source is frozen: it ends with
the target proven and open."""

import multiprocessing
import os
import shutil
import sqlite3
import statistics

BASE = ["base export", "base import"]
PASS = ["pass export", "pass import"]
LAST = ["last export", "last import"]
ROWS = "rows alone"


def change(store, number):
    """Changes one note in a thousand. Returns how many there are, and how many were changed."""
    with sqlite3.connect(store) as database:
        notes = database.execute("SELECT count(*) FROM memo").fetchone()[0]
        database.execute("UPDATE memo SET content = content || ' changed' WHERE id % 1000 = ?", (number,))
        touched = database.execute("SELECT changes()").fetchone()[0]
    database.close()
    return notes, touched


def without_images(store, path):
    """A copy of the store that has every row, and no byte of an image."""
    shutil.copy(store, path)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = off")
    database.execute("PRAGMA synchronous = off")
    database.execute("UPDATE attachment SET blob = NULL")
    database.execute("VACUUM")
    database.close()


def with_longer_images(store, path, factor):
    """A copy of the store with the same rows, in which every image is `factor` times as long.

    Made in a process of its own: the memory of this one counts into the peaks of those that it starts.
    """
    maker = multiprocessing.Process(target=lengthen, args=(store, path, factor))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise RuntimeError(f"{path} could not be made")


def lengthen(store, path, factor):
    shutil.copy(store, path)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = off")
    database.execute("PRAGMA synchronous = off")
    for (number,) in database.execute("SELECT id FROM attachment WHERE length(blob) > 0").fetchall():
        image = database.execute("SELECT blob FROM attachment WHERE id = ?", (number,)).fetchone()[0]
        database.execute("UPDATE attachment SET blob = ?, size = ? WHERE id = ?",
                         (image * factor, len(image) * factor, number))
    database.close()


def bench(folder, store, runs, noteferry, own):
    """Returns the figures by name, one for each run, and how many notes there are and were changed."""
    at = lambda name: os.path.join(folder, "delta-work", name)
    quiet = ["--state-dir", at("state"), "--progress", "none", "--no-input"]
    environment = dict(os.environ)
    results = {name: [] for name in BASE + PASS + LAST + [ROWS]}
    os.makedirs(at("."), exist_ok=True)
    without_images(store, at("rows.db"))
    for number in range(runs + 1):
        copy, target = at("store/notes.db"), at("target/notes.db")
        own.remove(at("store"), at("target"), at("archive"), at("state"))
        os.makedirs(at("store"))
        os.makedirs(at("target"))
        shutil.copy(store, copy)
        export = [noteferry, "export", copy, "-o", at("archive"), *quiet]
        imported = [noteferry, "import", at("archive"), "--to", target, "--create-schema", *quiet]
        figures = {}
        figures["base export"] = own.measure(export, environment)
        figures["base import"] = own.measure([*imported, "--keep-open"], environment)
        change(copy, 7)
        figures["pass export"] = own.measure(export, environment)
        figures["pass import"] = own.measure([*imported, "--keep-open"], environment)
        count = change(copy, 9)
        figures["last export"] = own.measure([*export, "--glance"], environment)
        figures["last import"] = own.measure([*imported, "--glance"], environment)
        rows = 'exec "$1" export "$2" -o - --state-dir "$3" --progress none --no-input > /dev/null'
        figures[ROWS] = own.measure(["sh", "-c", rows, "sh", noteferry, at("rows.db"), at("state")], environment)
        own.measure([noteferry, "diff", copy, target, *quiet], environment)
        # The first round warms up.
        if number:
            for name, found in figures.items():
                results[name].append(found)
    own.remove(os.path.join(folder, "delta-work"))
    return results, count


def seconds(results, names):
    """The median of the sums of some programs, of each round."""
    return statistics.median(sum(results[name][index]["wall"] for name in names) for index in range(len(results[ROWS])))


def ratio(results, names, others):
    """The median of the ratios of each round, of the sums of some programs."""
    total = lambda names, index: sum(results[name][index]["wall"] for name in names)
    rounds = range(len(results[ROWS]))
    return statistics.median(total(names, index) / total(others, index) for index in rounds)
