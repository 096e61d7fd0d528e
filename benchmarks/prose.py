"""The words of docs/benchmarks.md around the figures."""

BEFORE = """# Benchmarks

This page is written by `make bench`. Figures are of one run on one machine, so **only ratios inside the run mean
anything**: the engine beside the physical limit (the same rows put in by the bare driver, on a file or server with
the same durability) and beside its peers, stock `eventsourcing`, its `ProjectionRunner`, SpiffWorkflow and a plain
loop in Python, on the same job.

Repeat it with `make bench`, or `.venv/bin/python -m benchmarks` with `--quick` (a minute or two, few rounds: a
smoke test, it writes no page), `--large` (adds commands and folding on a million events, projecting and evaluation on
ten million: an hour), `--only TEXT` (rows whose title has the text; writes no page), `--directory PATH` (where the
databases go: a disk, not a memory file system, or commits cost nothing).

## How it is measured

- Each subject runs in a process of its own on a database of its own, prepared by another process; those that rebuild or
  evaluate share one, and none of them changes its log. Rounds go A B C A B C …, so that a noisy neighbour hits all
  alike, and a ratio is the median over rounds of *one subject's round against its neighbour's*. The first round of
  commands and of catching up is thrown away. CPU is that of the clients; a PostgreSQL server's is not in it.
- Before the first round every connection is asked for its durability (SQLite: write-ahead log, synchronous FULL;
  PostgreSQL: fsync, synchronous_commit, full_page_writes on), and the run stops if they differ.
- All record the same made-up case of ten events, and a command adds one note to a case. Cases are taken in an order
  that meets none twice in a run, so that no cache helps; *a busy case* is the other extreme, a few cases over and
  over.
- **raw**: event, leaf hash and receipt, rows made beforehand, in one transaction; on PostgreSQL prepared and in a
  single round trip, without any lock that orders the log. It reads nothing, decides nothing and encodes nothing.
  **raw: event** is the event row alone. When folding, raw is a cursor in stream order and a JSON parse of each row.
- **ours**: `Proposals.do`: the command is made and checked, the case loaded and folded, roles, jurisdiction and
  time are checked against the organisation and the policy edition, and event, leaf hash, receipt, head and wake-up
  are committed under the lock that orders the log. **ours: facts** is mapper and recorder without deciding, what
  stock does in its bulk load; **ours: imports** is 1,000 `ImportClosedCase` commands decided in one `do` (their
  events are twice as long).
- **stock functional**, **stock @event**: `eventsourcing` with its own recorders, as its documentation shows;
  **stock cached** with its cache of aggregates on. They check that the case is open, and nothing else.
- **SpiffWorkflow**: five manual tasks in BPMN; an operation reads a workflow, completes a task and writes it back.
  It keeps no history, so it has no bulk load and nothing to fold.
- Eight clients are eight processes; each has cases of its own.
- **A projection** is a line a case with status, number of notes and last instant, the same for all; an operation is an
  event of the log. *Catch-up* is ten thousand new events (for `ProjectionRunner` one thousand), *rebuild* the whole log
  into new tables beside the live ones. **raw: upserts** is an upsert for each event by `executemany`, two thousand with
  the position in a transaction, without reading anything: who folds a batch first and writes each row once can be
  faster than that. **plain loop** is what one would write by hand: read, parse, fold in a dictionary that holds all
  lines, write the touched ones with the position; nothing is checked, and one bad event stops it all.
  **ProjectionRunner** is stock, an event a transaction; on SQLite, where it offers no subscription, its log is in
  memory. **ours: rebuild of the register** is the read model that comes with the package, with thirty columns.
- **Evaluation** is every cell of every figure out of an archive of Parquet files, whose log a county in miniature wrote
  by taking its cases through all five steps, copied under other names; an operation is an event. **raw: scan** has
  DuckDB read every value that the figures are made of, once. **plain loop over objects** is a loop in Python over the
  store's events, and the measure that the tests hold the archive against.
"""

AFTER = """
The stages are measured with a stopwatch around each part, in a separate pass after the rounds; of the smaller store
some cases come round again there, so they load faster. Where a target is missed, this is where the time goes: compare
each stage with raw's whole figure in its row of the table above. A sampling profile is flat. Of a command on SQLite a
quarter is SQLite itself, a third reading and folding the case (ten events parsed and validated), a tenth deciding,
and no function of ours has more than a fiftieth of its own.

## Remarks

- The faster the disk, the further the limit moves away: raw is little more than the commit, and everything else is
  CPU time in Python. The same build is nearer the limit on a slow disk than on a fast one. Compare CPU µs between
  releases, ratios between subjects.
- When something else keeps the disk or the cores busy, commits get slower for everyone and every ratio rises
  towards 1, or the median swings. A target met in such a run is no merit. Raw's least and most time say how quiet
  it was; if they lie far apart, look at the CPU column, and repeat the run. A run whose code changed under it
  writes no page.
- The peers decide nothing: no roles, no jurisdiction, no deadlines, no leaf hash, no receipt that makes a repeated
  command harmless, no triggers that guard the log. Ours pays for those inside its figure.
- Of catching up a quarter is decoding events, a quarter checking each row after each event (so that what is refused
  does not depend on how events are batched), a tenth reading the log and the rows; the loop by hand does the first in
  one call and nothing of the second. `ProjectionRunner` commits after every event, and here commits are nearly free.
- Putting the questions to an archive takes about a second, however large it is: a million events are too few to see
  past it, ten million are not.
- With eight clients raw does not order its log. A log without gaps, in commit order, has one writer at a time
  between the lock and the end of the commit, and that is the price seen there.
"""
