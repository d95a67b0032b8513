"""Starts the stand-ins for AWS on free loopback ports, and ends every one of them.

Each server leads a process group of its own, and whatever it starts (ministack runs the Lambdas
as its children) belongs to that group. So the end is sure: the group is ended by its id.
"""

import contextlib
import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import install

REGION = "us-east-1"
# The servers take any credentials; DynamoDB Local keeps a database for each.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}

# A start takes one to seven seconds on an idle machine; this bounds a very busy one.
READY_WITHIN_S = 90.0
# ministack stops answering SIGTERM while functions run, so the patience is short.
ENDED_WITHIN_S = 2.0
LOG_LINES_SHOWN = 60

# All that cognito-local calls, of those that usher answers.
TRIGGERS = (
    "PreSignUp",
    "PostConfirmation",
    "PostAuthentication",
    "PreTokenGeneration",
    "CustomMessage",
)


class CannotStart(Exception):
    """A server ended or did not answer in time. The text holds the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running server: what it is, where it listens, and where it writes."""

    title: str
    version: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def log_tail(self) -> str:
        """The last lines it wrote, for a person who looks for the cause of a failure."""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return f"--- end of the log of {self.title}\n" + "\n".join(lines) + "\n---"


@contextlib.contextmanager
def dynamodb_local(run: Path) -> Iterator[Server]:
    """Amazon's DynamoDB Local, in memory."""
    port = free_port()
    emulator = install.DYNAMODB / "emulator"
    notes = (emulator / "README.txt").read_text(errors="replace")
    version = re.search(r"^\d{4}-\d+-\d+ \((\S+)\)", notes, re.MULTILINE)
    command = ["java", "-Xmx256m", f"-Djava.library.path={emulator / 'DynamoDBLocal_lib'}"]
    command += ["-jar", str(emulator / "DynamoDBLocal.jar"), "-inMemory", "-port", str(port)]
    server = Server("DynamoDB Local", version[1] if version else "?", port, run / "dynamodb.log")
    with started(server, command, run, {"DDB_LOCAL_TELEMETRY": "0"}, "/"):
        yield server


@contextlib.contextmanager
def ministack(run: Path) -> Iterator[Server]:
    """SQS, EventBridge, SES, DynamoDB, and Lambda without a container.

    A function inherits the server's environment, the way back to the server included.
    """
    port = free_port()
    version = importlib.metadata.version("ministack")
    server = Server("ministack", version, port, run / "ministack.log")
    environment = {
        **CREDENTIALS,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": server.url,
        "MINISTACK_REGION": REGION,
        # A trigger that refuses must fail the call, as it does on AWS.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    command = [sys.executable, "-m", "ministack"]
    with started(server, command, run, environment, "/_ministack/ready"):
        yield server


# Its command, after making what it draws depend on a seed: by itself it has none. Nor does it leave
# calls unlogged, which costs as much as handing them on does.
SEEDED_MICROBURST = """
import logging, random, sys
random.seed(int(sys.argv.pop(1)))
logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
from microburst.cli import main
sys.exit(main())
"""


@contextlib.contextmanager
def microburst(run: Path, behind: Server, seed: int) -> Iterator[Server]:
    """A network in front of a server that does to calls what it is told at `/_microburst/rules`."""
    port = free_port()
    title = f"microburst in front of {behind.title}"
    version = importlib.metadata.version("microburst")
    server = Server(title, version, port, run / f"microburst-{port}.log")
    command = [sys.executable, "-c", SEEDED_MICROBURST, str(seed)]
    command += ["--upstream", behind.url, "--host", "127.0.0.1", "--port", str(port)]
    with started(server, command, run, CREDENTIALS, "/_microburst/health"):
        yield server


@contextlib.contextmanager
def cognito_local(run: Path, lambdas: Server, function: str) -> Iterator[Server]:
    """User pools that call `function` at the Lambda endpoint of `lambdas` for each trigger.

    Its database, with the confirmation codes, is under `run/.cognito/db`.
    """
    port = free_port()
    package = install.NODE / "node_modules" / "cognito-local"
    version = json.loads((package / "package.json").read_text())["version"]
    client = {
        "endpoint": lambdas.url,
        "region": REGION,
        "credentials": {"accessKeyId": "local", "secretAccessKey": "local"},
        # A repeat of ours that the pool did not ask for would hide a repeat that matters.
        "maxRetries": 0,
    }
    config = {"LambdaClient": client, "TriggerFunctions": dict.fromkeys(TRIGGERS, function)}
    (run / ".cognito").mkdir()
    (run / ".cognito" / "config.json").write_text(json.dumps(config))
    server = Server("cognito-local", version, port, run / "cognito.log")
    environment = {**CREDENTIALS, "HOST": "127.0.0.1", "PORT": str(port), "NO_COLOR": "1"}
    command = ["node", "--no-deprecation", str(package / "lib" / "bin" / "start.js")]
    with started(server, command, run, environment, "/health"):
        yield server


@contextlib.contextmanager
def log_shown_on_failure(*servers: Server) -> Iterator[None]:
    """Shows the end of each server's log if the block fails, while there still is a log."""
    try:
        yield
    except Exception:
        print(*(server.log_tail() for server in servers), sep="\n")
        raise


def free_port() -> int:
    """A port that nothing listens on now.

    Somebody else may take it before the server does. Then the server ends and the run fails
    with its log, which is rare enough to be left at that.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(
    server: Server, command: list[str], run: Path, environment: dict[str, str], probe: str
) -> Iterator[None]:
    """Runs a server within the block, from its first answer to the end of its process group."""
    # Nothing of the caller's AWS settings reaches a server or the functions it runs.
    surroundings = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "JAVA_HOME")}
    surroundings |= {"HOME": str(run), "TMPDIR": str(run), "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        server.log.open("wb") as log,
        own_group(command, run, surroundings | environment, log, subprocess.STDOUT) as process,
    ):
        began = time.monotonic()
        while not answers(server.url + probe):
            if process.poll() is not None:
                problem = f"ended with status {process.returncode}"
            elif time.monotonic() - began > READY_WITHIN_S:
                problem = f"did not answer within {READY_WITHIN_S:.0f} s"
            else:
                time.sleep(0.1)
                continue
            raise CannotStart(f"{server.title} {problem}\n{server.log_tail()}")
        print(
            f"{server.title} {server.version} on 127.0.0.1:{server.port},"
            f" ready after {time.monotonic() - began:.1f} s",
            flush=True,
        )
        yield


@contextlib.contextmanager
def own_group(
    command: list[str],
    within: Path,
    environment: Mapping[str, str],
    output: int | IO[bytes],
    errors: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Runs a command in a process group of its own, which ends with the block, however it ends."""
    process = subprocess.Popen(
        command,
        cwd=within,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        text=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Ends a process group: politely, then surely.

    The leader is not reaped before the last signal is sent; so long, its id is nobody else's.
    """
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + ENDED_WITHIN_S
        while time.monotonic() < deadline and not has_ended(process):
            time.sleep(0.02)
    # Children outlive their leader.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def has_ended(process: subprocess.Popen[str]) -> bool:
    """Whether the process has ended, without reaping it."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def answers(url: str) -> bool:
    """Whether the server answers at all without a failure of its own."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status < 500
    except urllib.error.HTTPError as refusal:
        return refusal.code < 500
    except OSError:
        return False
