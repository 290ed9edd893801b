"""Checks after a crash or an interruption, and the completion of a run that is started again."""

from pathlib import Path

from tests.support.command_line import Done, Pairs, Running, Workplace, rows_of, wait_until


def check_report(work: Workplace, pairs: Pairs, results: Path) -> dict[str, int]:
    """Check a results file against the server; return the number of rows per status."""
    links, asked = work.links(), work.asked()
    rows = rows_of(results)
    assert [(row["Contact ID"], row["Company ID"]) for row in rows] == [(str(a), str(b)) for a, b in pairs]
    counts: dict[str, int] = {}
    for pair, row in zip(pairs, rows, strict=True):
        status = row["import_status"]
        counts[status] = counts.get(status, 0) + 1
        assert status != "linked" or pair in links, row
        assert status != "not_sent" or pair not in asked or row["import_http_status"], row
    return counts


def finish(work: Workplace, pairs: Pairs, *command: object) -> Done:
    """Run the importer, after which every pair must be linked."""
    done = work.here(*command, "--json")
    assert (done.code, done.json["status"], done.json["linked"]) == (0, "finished", len(pairs)), done.err
    assert check_report(work, pairs, Path(done.json["results"])) == {"linked": len(pairs)}
    assert work.links() == set(pairs)
    return done


def wait_for_calls(work: Workplace, running: Running, until: int) -> None:
    """Wait until HubSpot has received `until` calls, or the importer has ended."""
    wait_until(lambda: work.calls() >= until or running.process.poll() is not None)


def start_until_results_are_written(work: Workplace, source: Path, pairs: Pairs) -> Running:
    """Start a run over `source`, and return when it has sent its valid `pairs` and is writing the results."""
    before = work.calls()
    running = work.start("run", source)
    wait_for_calls(work, running, before + len(pairs))
    wait_until(lambda: any(file.stat().st_size for file in work.folder.glob(".importer-*/unfinished")))
    return running
