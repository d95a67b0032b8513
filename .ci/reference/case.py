"""What the tests of whole lives have in common: a running system, and users of their own."""

import unittest
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from deploy import TRIGGER
from world import World, wait_for

# What the policy of these tests lets a refused person read.
REFUSAL = "This address cannot be used here"
SIGN_IN_REFUSAL = "Sign-in is not possible with this account"


class Case(unittest.TestCase):
    """Tests of one running system. Each has users of its own, so none depends on another's order."""

    world: World

    def address(self, domain: str = "acme.example") -> str:
        """An address that no other test uses."""
        return f"ada-{uuid.uuid4().hex[:12]}@{domain}"

    def types(self, sub: str) -> list[str]:
        """The types of the events in a user's log."""
        return list(self.world.commits(sub).values())

    def confirmed_user(self, email: str, **attributes: str) -> str:
        """Signs a user up, confirms, waits for the profile, and gives the sub."""
        sub = self.world.pool.sign_up(email, **attributes)
        self.world.pool.confirm(email)
        wait_for("the profile", lambda: self.world.profile(sub))
        return sub

    def envelope(self, name: str, sub: str, data: dict[str, Any]) -> dict[str, Any]:
        """An envelope as the trigger publishes it."""
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "type": f"usher.{name}",
            "source": self.world.pool.id,
            "subject": sub,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": f"urn:usher:event:{name}:1",
            "data": data,
        }

    def pool_event(self, source: str, sub: str, email: str) -> dict[str, Any]:
        """A trigger's event as Cognito sends it."""
        return {
            "version": "1",
            "triggerSource": source,
            "region": "us-east-1",
            "userPoolId": self.world.pool.id,
            "userName": sub,
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "app"},
            "request": {
                "userAttributes": {
                    "sub": sub,
                    "cognito:user_status": "CONFIRMED",
                    "email": email,
                    "email_verified": "true",
                }
            },
            "response": {},
        }


def said_by_trigger(refused: ClientError) -> str:
    """What the trigger let a person read, taken out of what the pool says around it."""
    error = refused.response["Error"]
    before, after = f"{TRIGGER} failed with error ", "."
    code, said = error["Code"], error["Message"]
    if code != "UserLambdaValidationException" or not said.startswith(before):
        raise AssertionError(f"this is no refusal of the trigger: {code}: {said}")
    return said.removeprefix(before).removesuffix(after)
