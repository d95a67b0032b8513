"""Builds the two Lambdas as they ship and packs each as Lambda wants it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import servers

ROOT = Path(__file__).resolve().parent.parent.parent
POLICY = Path(__file__).resolve().parent / "usher.toml"
LAMBDAS = ("usher-trigger", "usher-worker")


def build() -> dict[str, Path]:
    """Builds the release binaries and says where cargo put them, wherever that is."""
    command = ["cargo", "build", "--release", "--message-format=json-render-diagnostics"]
    for name in LAMBDAS:
        command += ["--package", name]
    with servers.own_group(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as cargo:
        messages = [json.loads(line) for line in cargo.stdout]
        status = cargo.wait()
    if status != 0:
        sys.exit(f"reference-tests: cargo build failed with status {status}")
    made = (m for m in messages if m["reason"] == "compiler-artifact" and m["executable"])
    executables = {m["target"]["name"]: Path(m["executable"]) for m in made}
    return {name: executables[name] for name in LAMBDAS}


def pack(executable: Path, archive: Path) -> Path:
    """Zips an executable as `bootstrap`, with the policy beside it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        # `write` keeps the mode; Lambda refuses a bootstrap that is not executable.
        packed.write(executable, "bootstrap")
        packed.write(POLICY, "usher.toml")
    return archive
