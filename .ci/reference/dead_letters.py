"""A thousand dead letters, brought back by an operator who is interrupted.

They lie in the deployment's own dead-letter queue; what is sent goes to its own worker.
"""

import json
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import servers
from case import Case
from world import wait_for

# What the queue holds: together a thousand.
NOT_JSON = 200
MOVED_BY_THE_QUEUE = 50
UNKNOWN_VERSION = 200
SINCE_FIXED = 350
DONE = 150
MENDABLE = 50

# How long letters are hidden at a time; a run hides them anew at half of that.
HOLD = "1m"
# The most memory that the command may take, in KiB.
MOST_KIB = 64 * 1024
# What mends a letter of the mendable kind.
PATCH = [
    {"op": "test", "path": "/data/new_device", "value": "perhaps"},
    {"op": "replace", "path": "/data/new_device", "value": False},
]


class Replay:
    """One run of `usher replay`, and the most memory that it has taken."""

    def __init__(self, command: list[Any], environment: dict[str, str], directory: Path) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.peak_kib = 0
        self.watching = threading.Thread(target=self._watch)
        self.watching.start()

    def _watch(self) -> None:
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.returncode is None:
            try:
                lines = status.read_text().splitlines()
            except OSError:
                return
            said = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
            self.peak_kib = max(self.peak_kib, *map(int, said), 0)
            time.sleep(0.01)

    def end(self) -> tuple[int, str, str]:
        """Waits for its end and gives status, output and errors."""
        out, err = self.process.communicate(timeout=300)
        self.watching.join()
        return self.process.returncode, out, err

    def kill(self) -> None:
        """Ends it without a word."""
        self.process.kill()
        self.end()


class DeadLetters(Case):
    """What one person does about what stayed behind."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="operator-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.queue = self.world.deployment.dead_letters
        # What other tests have left there.
        self.world.dead_letters.all()

    def replay(self, *arguments: str, queue: str | None = None) -> Replay:
        """Begins `usher replay`."""
        operator = self.world.operator
        environment = operator.environment(
            USHER_QUEUE_URL=self.world.deployment.queue,
            USHER_DEAD_LETTER_URL=queue or self.queue,
        )
        command = operator.command("replay", *arguments, "--hold", HOLD)
        return Replay(command, environment, self.directory)

    def ended(self, replay: Replay, *expected: int) -> list[dict[str, Any]]:
        """What a run printed, as JSON objects, once it ended as expected."""
        status, out, err = replay.end()
        self.assertIn(status, expected or (0,), err)
        # A short run may end before anybody looks.
        self.assertLess(replay.peak_kib, MOST_KIB)
        return [json.loads(line) for line in out.splitlines()]

    def outcomes(self, replay: Replay, *expected: int) -> dict[str, int]:
        """The counts of a report that are not zero; they add up."""
        [report] = self.ended(replay, *expected)
        outcomes = {name: count for name, count in report["outcomes"].items() if count}
        self.assertEqual(sum(outcomes.values()), report["letters"])
        self.assertEqual(sum(group["letters"] for group in report["groups"]), report["letters"])
        return outcomes

    def signed_in(self, **data: Any) -> dict[str, Any]:
        """A sign-in of somebody new."""
        said = {"client": "app", "new_device": False, "person": {}} | data
        return self.envelope("signed_in", str(uuid.uuid4()), said)

    def fill(self, queue: str, letters: list[tuple[str, str | None]]) -> None:
        """Puts letters there, each with the cause that a worker would have given, if it has one."""

        def entry(number: int, letter: tuple[str, str | None]) -> dict[str, Any]:
            body, cause = letter
            attributes = {} if cause is None else {"usher.cause": cause, "usher.set_aside": NOW}
            if cause == "timed_out":
                attributes["usher.operation"] = "dynamodb.put_item"
            values = {
                name: {"DataType": "String", "StringValue": text}
                for name, text in attributes.items()
            }
            return {"Id": str(number), "MessageBody": body, "MessageAttributes": values}

        for start in range(0, len(letters), 10):
            some = letters[start : start + 10]
            entries = [entry(number, letter) for number, letter in enumerate(some)]
            answer = self.world.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
            self.assertEqual(len(answer["Successful"]), len(entries), answer)

    def left(self) -> int:
        """How many letters there are, hidden ones as well."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        asked = self.world.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)
        return sum(int(asked["Attributes"][name]) for name in names)

    def recorded(self) -> dict[str, int]:
        """How often each event is in the log."""
        path = self.directory / f"{uuid.uuid4()}.ndjson"
        command = self.world.operator.command("export", "--out", str(path))
        subprocess.run(
            command,
            env=self.world.operator.environment(),
            check=True,
            capture_output=True,
            timeout=120,
        )
        counts: dict[str, int] = {}
        for line in path.read_text().splitlines():
            event = json.loads(line)["id"]
            counts[event] = counts.get(event, 0) + 1
        return counts

    def wait_until_recorded(self, events: set[str]) -> dict[str, int]:
        """Waits until the worker has recorded these."""

        def all_there() -> dict[str, int] | None:
            recorded = self.recorded()
            return recorded if events <= recorded.keys() else None

        return wait_for("the events in the log", all_there)

    def test_a_thousand_letters_are_sorted_planned_mended_and_brought_back(self) -> None:
        done = [self.signed_in() for _ in range(DONE)]
        for event in done:
            self.world.send(json.dumps(event))
        self.wait_until_recorded({event["id"] for event in done})
        self.world.settle()
        fixed = [self.signed_in() for _ in range(SINCE_FIXED)]
        broken = [self.signed_in(new_device="perhaps") for _ in range(MENDABLE)]
        newer = [self.signed_in() for _ in range(UNKNOWN_VERSION)]
        for event in newer:
            event["dataschema"] = "urn:usher:event:signed_in:99"
        letters: list[tuple[str, str | None]] = [
            *((f"not JSON {number}", "not_an_envelope") for number in range(NOT_JSON)),
            *((f"[{number}]", None) for number in range(MOVED_BY_THE_QUEUE)),
            *((json.dumps(event), "unknown_version") for event in newer),
            *((json.dumps(event), "timed_out") for event in fixed),
            *((json.dumps(event), "unavailable") for event in done),
            *((json.dumps(event), "bad_data") for event in broken),
        ]
        self.assertEqual(len(letters), 1000)
        self.fill(self.queue, letters)

        *listed, summary = self.ended(self.replay("list"))
        self.assertEqual(len({letter["letter"] for letter in listed}), 1000)
        causes = {group["cause"]: group["letters"] for group in summary["summary"]["groups"]}
        expected_causes = {
            "not_an_envelope": NOT_JSON,
            "no cause recorded": MOVED_BY_THE_QUEUE,
            "unknown_version": UNKNOWN_VERSION,
            "timed_out": SINCE_FIXED,
            "unavailable": DONE,
            "bad_data": MENDABLE,
        }
        self.assertEqual(causes, expected_causes)

        would = self.outcomes(self.replay("--plan", "all.plan"), 3)
        poison = NOT_JSON + MOVED_BY_THE_QUEUE
        stays = {"unreadable": poison + MENDABLE, "not_yet": UNKNOWN_VERSION}
        self.assertEqual(would, {"sent": SINCE_FIXED, "done": DONE, **stays})

        (self.directory / "patch.json").write_text(json.dumps(PATCH))
        mend = ("--cause", "bad_data", "--edit", "patch.json", "--confirm")
        mended = self.outcomes(self.replay(*mend), 0)
        self.assertEqual(mended, {"sent": MENDABLE, "not_chosen": 1000 - MENDABLE})

        carry_out = ("--plan", "all.plan", "--confirm")
        killed = self.replay(*carry_out, "--rate", "60")
        wait_for("half of it", lambda: self.left() <= 1000 - MENDABLE - 200)
        killed.kill()
        left = self.left()
        self.assertGreater(left, poison + UNKNOWN_VERSION, "it was not through")

        again = self.replay(*carry_out)
        [report] = self.ended(again, 3)
        self.assertTrue(report["resumed"])
        brought_back = report["outcomes"]["sent"] + report["outcomes"]["done"]
        self.assertEqual(brought_back, SINCE_FIXED + DONE, report)
        self.assertEqual(report["outcomes"]["unreadable"], poison)
        self.assertEqual(report["outcomes"]["not_yet"], UNKNOWN_VERSION)
        # With those that were mended, and are gone.
        self.assertEqual(report["letters"] + MENDABLE, 1000)

        events = {event["id"] for event in [*done, *fixed, *broken]}
        recorded = self.wait_until_recorded(events)
        self.assertEqual({recorded[event] for event in events}, {1}, "each fact once")
        self.assertEqual(self.left(), poison + UNKNOWN_VERSION)
        self.world.settle()
        self.assertEqual(self.left(), poison + UNKNOWN_VERSION, "nothing came back")

        out = ("export", "--cause", "not_an_envelope", "--cause", "none", "--out", "poison.ndjson")
        whole = {"letters": poison, "queue": {"end": "whole"}}
        self.assertEqual(self.ended(self.replay(*out)), [whole])
        [purged] = self.ended(self.replay("purge", "--exported", "poison.ndjson", "--confirm"))
        self.assertEqual((purged["purged"], purged["left"]), (poison, UNKNOWN_VERSION))
        self.assertEqual(self.left(), UNKNOWN_VERSION)
        print(
            f"1000 letters: {MENDABLE} mended, {brought_back} brought back by two runs, the first "
            f"killed with {left} left; the most memory: {again.peak_kib / 1024:.1f} MiB"
        )
        self.world.dead_letters.all()

    def test_the_memory_that_it_takes_does_not_grow_with_the_queue(self) -> None:
        peaks = {}
        for count in (1_000, 10_000):
            name = f"many-{count}"
            queue = self.world.sqs.create_queue(QueueName=name)["QueueUrl"]
            letters = [(json.dumps(self.signed_in()), "timed_out") for _ in range(count)]
            self.fill(queue, list(letters))
            listing = self.replay("list", "--by-cause", queue=queue)
            [summary] = self.ended(listing)
            self.assertEqual(summary["summary"]["letters"], count)
            judging = self.replay(queue=queue)
            self.assertEqual(self.outcomes(judging), {"sent": count})
            peaks[count] = max(listing.peak_kib, judging.peak_kib)
            self.world.sqs.delete_queue(QueueUrl=queue)
        for count, peak in peaks.items():
            print(f"{count} letters: at most {peak / 1024:.1f} MiB")
        self.assertGreater(peaks[1_000], 0, "it was measured")
        self.assertLess(peaks[10_000], MOST_KIB)

    def test_whoever_names_a_queue_that_is_not_there_is_told_so(self) -> None:
        status, _, err = self.replay(queue=self.queue + "-that-is-not-there").end()
        self.assertEqual(status, 1)
        self.assertIn("the dead-letter queue", err)
        self.assertIn(f"is not in {servers.REGION} of this account; USHER_DEAD_LETTER_URL", err)


# When the letters were set aside.
NOW = "2026-01-02T03:04:05.000Z"
