"""Builds the command, and the two Lambdas as they ship, each packed as Lambda wants it."""

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import servers

ROOT = Path(__file__).resolve().parent.parent.parent
POLICY = Path(__file__).resolve().parent / "usher.toml"
LAMBDAS = ("usher-trigger", "usher-worker")
# What the suites that need real servers are built with.
REFERENCE = "usher-shared/reference,usher-worker/reference,usher-cli/reference"


class CannotBuild(Exception):
    """Cargo has failed, and has said why."""


def build() -> dict[str, Path]:
    """Builds the release binaries and says where cargo put them, wherever that is."""
    return {name: build_one(name) for name in LAMBDAS}


def build_one(name: str) -> Path:
    """Builds one, as the tests of the release binaries build it: both at once would share features,
    and everything would be compiled anew."""
    command = ["build", "--release", "--message-format=json-render-diagnostics"]
    command += ["--package", name, "--bin", name]
    return executable(command, name)


def command() -> Path:
    """Builds the `usher` command, with what the contract suites' run has compiled already, and says
    where it is."""
    asked = ["test", "--workspace", "--features", REFERENCE]
    asked += ["--no-run", "--message-format=json-render-diagnostics"]
    return executable(asked, "usher")


def executable(arguments: list[str], name: str) -> Path:
    """Runs a build and says where cargo put one executable."""
    messages: list[dict[str, Any]] = []
    status = cargo(arguments, {}, lambda line: messages.append(json.loads(line)))
    if status != 0:
        raise CannotBuild(f"cargo {arguments[0]} ended with status {status}")
    made = (m for m in messages if m["reason"] == "compiler-artifact" and m["executable"])
    binaries = (m for m in made if m["target"]["kind"] == ["bin"] and not m["profile"]["test"])
    return next(Path(m["executable"]) for m in binaries if m["target"]["name"] == name)


def cargo(arguments: list[str], environment: dict[str, str], take: Callable[[str], None]) -> int:
    """Runs cargo, hands on each line as it comes, and gives its status."""
    surroundings = os.environ | environment
    with servers.own_group(["cargo", *arguments], ROOT, surroundings, subprocess.PIPE) as process:
        for line in process.stdout or ():
            take(line)
        return process.wait()


def pack(executable: Path, archive: Path) -> Path:
    """Zips an executable as `bootstrap`, with the policy beside it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        # `write` keeps the mode; Lambda refuses a bootstrap that is not executable.
        packed.write(executable, "bootstrap")
        packed.write(POLICY, "usher.toml")
    return archive
