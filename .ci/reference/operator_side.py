"""What an operator does beside the pool, with the `usher` command itself."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import servers
from deploy import SECRET, TABLE
from package import POLICY


@dataclass(frozen=True)
class Operator:
    """Somebody with the command, and with credentials for the deployment's account."""

    usher: Path
    url: str
    pool: str
    pool_url: str

    def invite(self, **terms: str | int) -> str:
        """Makes an invite and gives its code."""
        flags = (text for name, value in terms.items() for text in (f"--{name}", str(value)))
        return self.run("invite", "create", "--pool", self.pool, *flags)["code"]

    def invite_behind(self, code: str) -> dict[str, Any]:
        """What is known of the invite behind a code."""
        return self.run("invite", "show", "--pool", self.pool, code)

    def user(self, verb: str, sub: str, *arguments: str) -> dict[str, Any]:
        """Does something to a user, or shows one."""
        return self.run("user", verb, sub, *arguments)

    def sub_of(self, known_by: str) -> str:
        """Finds a user by what people know the user by, and gives the sub."""
        of_pool = {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": self.pool_url}
        return self.run("user", "show", known_by, "--pool", self.pool, **of_pool)["sub"]

    def run(self, *arguments: str, **more: str) -> dict[str, Any]:
        """Runs a verb on the deployment, with more in its environment, and gives what it says."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, (arguments, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def command(self, *arguments: str) -> list[str | Path]:
        """A verb on the deployment, as it is typed."""
        return [self.usher, *arguments, "--aws", "--json", "--policy", POLICY]

    def environment(self, **more: str) -> dict[str, str]:
        """What says where the deployment is."""
        surroundings = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **surroundings,
            **servers.CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "REGION": servers.REGION,
            "USHER_TABLE": TABLE,
            "USHER_SECRET": SECRET,
            **more,
        }
