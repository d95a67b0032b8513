"""Starts the servers, runs everything against them, and says how much of it passed.

With arguments, `store`, `queue`, `faults`, `release` or `lifecycle`, runs those parts alone.
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
from case import Case
from dead_letters import DeadLetters
from deploy import TRIGGER, deploy
from faults import disturbed_servers
from lifecycle import Lifecycle
from operator_side import Operator
from pool import Pool
from rules import Rules
from sign_in_pool import SignInPool
from world import World

PARTS = ("store", "queue", "faults", "release", "lifecycle")


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
            for part in (store, queue, faults, release, lifecycle):
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
    """The store's contract suite, what events cost, and a log of a hundred thousand of them."""
    title = "store contract, what events cost, and a large log, on DynamoDB Local"
    with heading(title), servers.dynamodb_local(run) as dynamodb:
        address = {"USHER_TEST_DYNAMODB": dynamodb.url}
        count = contract("dynamodb_local", address)
        # The table of costs is for reading, as are times and memory. One table is filled at a time.
        count += contract("units", address, "--nocapture")
        count += contract("at_scale", address, "--nocapture", "--test-threads=1")
        if count.failed > 0:
            print(dynamodb.log_tail())
    return count


def queue(run: Path) -> Count:
    """The queue's contract suite, on ministack's SQS."""
    with heading("queue contract on ministack"), servers.ministack(run) as ministack:
        count = contract("ministack_queue", {"USHER_TEST_SQS": ministack.url})
        if count.failed > 0:
            print(ministack.log_tail())
    return count


def faults(run: Path) -> Count:
    """Two workers and a sweep, on both, over networks that fail."""
    with heading("workers over networks that fail"), disturbed_servers(run) as (addresses, logs):
        count = contract("faults", addresses)
        if count.failed > 0:
            print(*(server.log_tail() for server in logs), sep="\n")
    return count


def release(_run: Path) -> Count:
    """The release binaries: small, without faults to plant, and holding where a fault is planted."""
    features = "usher-trigger/release-tests,usher-worker/release-tests"
    # The whole workspace, here and below: what it needs is compiled already, and a part of it would
    # need the same with fewer features.
    command = ["test", "--workspace", "--features", features, "--test", "release"]
    with heading("release binaries, also with planted panics"):
        return cargo_tests(command, {})


def contract(test: str, environment: dict[str, str], *options: str) -> Count:
    """One of the suites that need a real server's address, with options for its own command."""
    command = ["test", "--workspace", "--features", package.REFERENCE, "--test", test]
    command += ["--", *options]
    region = {"AWS_REGION": servers.REGION}
    return cargo_tests(command, servers.CREDENTIALS | region | environment)


def cargo_tests(command: list[str], environment: dict[str, str]) -> Count:
    """Runs cargo's tests and counts them. A run in which none passed has failed."""
    counts = [Count(0, 0)]

    def take(line: str) -> None:
        print(line, end="", flush=True)
        if said := re.match(r"test result: .* (\d+) passed; (\d+) failed", line):
            counts.append(Count(int(said[1]), int(said[2])))

    status = package.cargo(command, environment, take)
    count = sum(counts, Count(0, 0))
    if count.failed == 0 and (status != 0 or count.passed == 0):
        print(f"cargo ended with status {status} after {count.passed} tests passed")
        count += Count(0, 1)
    return count


def lifecycle(run: Path) -> Count:
    """The whole way of a user, on ministack and cognito-local."""
    with heading("release build of the Lambdas, and the command"):
        usher = package.command()
        built = package.build()
        archives = {name: package.pack(path, run / f"{name}.zip") for name, path in built.items()}
    with (
        heading("lifecycle on ministack and cognito-local"),
        servers.ministack(run) as ministack,
        servers.cognito_local(run, ministack, TRIGGER) as cognito,
    ):
        with servers.log_shown_on_failure(ministack, cognito):
            Case.world = world(ministack, cognito, archives, usher, run)
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        tests = unittest.TestSuite(load(case) for case in (Lifecycle, Rules, DeadLetters))
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
        failed = len(result.failures) + len(result.errors)
        if failed > 0:
            print(ministack.log_tail(), cognito.log_tail(), sep="\n")
    return Count(result.testsRun - failed, failed)


def world(
    ministack: servers.Server,
    cognito: servers.Server,
    archives: dict[str, Path],
    usher: Path,
    run: Path,
) -> World:
    """The whole system with its pools and its operator."""
    deployment = deploy(ministack.url, archives)
    pool = Pool(cognito.url, run)
    operator = Operator(usher, ministack.url, pool.id, cognito.url)
    return World(deployment, pool, SignInPool(ministack.url), operator)


@contextlib.contextmanager
def heading(title: str) -> Iterator[None]:
    """Says what begins, and how long it took."""
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    yield
    print(f"-- {title}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
