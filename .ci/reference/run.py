"""Starts the servers, runs everything against them, and says how much of it passed.

With an argument, `store` or `lifecycle`, runs that part alone.
"""

import contextlib
import re
import signal
import sys
import tempfile
import time
import traceback
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import install
import package
import servers
from deploy import TRIGGER, deploy
from lifecycle import Lifecycle
from pool import Pool
from world import World

PARTS = ("store", "lifecycle")


class Ended(KeyboardInterrupt):
    """A signal asked for the end. Of all exceptions, unittest lets only this kind through."""


@dataclass(frozen=True)
class Count:
    """How many tests went which way."""

    passed: int
    failed: int

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed)


def main() -> int:
    """Runs the parts asked for; the last line counts tests."""
    parts = sys.argv[1:] or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"usage: reference-tests [{'|'.join(PARTS)}]; there is no {' '.join(unknown)}")
    end_on_signals()
    count = Count(0, 0)
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=install.HOME) as run:
            for part in (store, lifecycle):
                if part.__name__ in parts:
                    count += attempted(part, Path(run))
    except Ended as ended:
        sys.exit(f"reference-tests: {ended}")
    print(f"\n{count.passed} passed, {count.failed} failed")
    return 0 if count.failed == 0 and count.passed > 0 else 1


def attempted(part: Callable[[Path], Count], run: Path) -> Count:
    """Runs a part. One that cannot begin has failed; the others run all the same."""
    try:
        return part(run)
    except (servers.CannotStart, package.CannotBuild) as problem:
        print(problem, flush=True)
    except Exception:
        # A deployment that is refused, for one. It must not hide what the other parts came to.
        traceback.print_exc()
    return Count(0, 1)


def end_on_signals() -> None:
    """Turns the first signal into an exception, so that every block ends what it started."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(f"ended by {signal.Signals(number).name}")

    for each in signals:
        signal.signal(each, end)


def store(run: Path) -> Count:
    """The store's contract suite, on DynamoDB Local."""
    command = ["test", "--package", "usher-shared", "--features", "reference"]
    command += ["--test", "dynamodb_local"]
    counts = [Count(0, 0)]

    def take(line: str) -> None:
        print(line, end="", flush=True)
        if said := re.match(r"test result: .* (\d+) passed; (\d+) failed", line):
            counts.append(Count(int(said[1]), int(said[2])))

    with heading("store contract on DynamoDB Local"), servers.dynamodb_local(run) as dynamodb:
        environment = {"AWS_REGION": servers.REGION, "USHER_TEST_DYNAMODB": dynamodb.url}
        status = package.cargo(command, servers.CREDENTIALS | environment, take)
        count = sum(counts, Count(0, 0))
        if count.failed == 0 and (status != 0 or count.passed == 0):
            print(f"cargo ended with status {status} after {count.passed} tests passed")
            count += Count(0, 1)
        if count.failed > 0:
            print(dynamodb.log_tail())
    return count


def lifecycle(run: Path) -> Count:
    """The whole way of a user, on ministack and cognito-local."""
    with heading("release build of the Lambdas"):
        built = package.build()
        archives = {name: package.pack(path, run / f"{name}.zip") for name, path in built.items()}
    with (
        heading("lifecycle on ministack and cognito-local"),
        servers.ministack(run) as ministack,
        servers.cognito_local(run, ministack, TRIGGER) as cognito,
    ):
        with servers.log_shown_on_failure(ministack, cognito):
            Lifecycle.world = World(deploy(ministack.url, archives), Pool(cognito.url, run))
        tests = unittest.defaultTestLoader.loadTestsFromTestCase(Lifecycle)
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
        failed = len(result.failures) + len(result.errors)
        if failed > 0:
            print(ministack.log_tail(), cognito.log_tail(), sep="\n")
    return Count(result.testsRun - failed, failed)


@contextlib.contextmanager
def heading(title: str) -> Iterator[None]:
    """Says what begins, and how long it took."""
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    yield
    print(f"-- {title}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
