"""What a test sees of the running system from outside, and how long it waits to see it."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from deploy import BUS, TABLE, Deployment
from operator_side import Operator
from pool import Pool
from sign_in_pool import SignInPool

# Far longer than anything here takes, so that only a fault or a very busy machine reaches it.
PATIENCE_S = 40.0
POLL_S = 0.2

T = TypeVar("T")
FROM_ITEM = TypeDeserializer()


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """Looks until there is something to see, and fails with `what` if it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: did not come within {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


class Seen:
    """Everything that has arrived on a queue which nobody but the test reads."""

    def __init__(self, sqs: Any, queue: str) -> None:
        self.sqs = sqs
        self.queue = queue
        self.messages: list[dict[str, Any]] = []

    def all(self) -> list[dict[str, Any]]:
        """Takes what is on the queue now and gives all that ever was."""
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            if not answer.get("Messages"):
                return self.messages
            for message in answer["Messages"]:
                self.messages.append(message)
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


class World:
    """The deployed system, its user pools, and who operates it."""

    def __init__(
        self, deployment: Deployment, pool: Pool, sign_in_pool: SignInPool, operator: Operator
    ) -> None:
        self.deployment = deployment
        self.pool = pool
        self.sign_in_pool = sign_in_pool
        self.operator = operator
        self.dynamodb = deployment.client("dynamodb")
        self.sqs = deployment.client("sqs")
        self.events = deployment.client("events")
        self.lambdas = deployment.client("lambda")
        self.logs = deployment.client("logs")
        self.dead_letters = Seen(self.sqs, deployment.dead_letters)
        self.captured = Seen(self.sqs, deployment.captured)

    def item(self, sub: str, sort_key: str) -> dict[str, Any] | None:
        """One item of a user, as plain values."""
        key = {"PK": {"S": f"U#{sub}"}, "SK": {"S": sort_key}}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        return item and {name: FROM_ITEM.deserialize(value) for name, value in item.items()}

    def profile(self, sub: str) -> dict[str, Any] | None:
        """What applications read of a user."""
        item = self.item(sub, "USER")
        return item and item["profile"]

    def commits(self, sub: str) -> dict[str, str]:
        """The events in a user's log: id and type."""
        answer = self.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="PK = :user AND begins_with(SK, :event)",
            ExpressionAttributeValues={":user": {"S": f"U#{sub}"}, ":event": {"S": "E#"}},
            ConsistentRead=True,
        )
        return {i["SK"]["S"].removeprefix("E#"): i["type"]["S"] for i in answer["Items"]}

    def mails(self, to: str) -> list[dict[str, Any]]:
        """The mails that one address was sent."""
        with urllib.request.urlopen(f"{self.deployment.url}/_ministack/ses/messages") as answer:
            inbox = json.load(answer)["messages"]
        return [mail for mails in inbox.values() for mail in mails if to in mail["To"]]

    def on_bus(self) -> list[dict[str, Any]]:
        """What the bus carried."""
        return [json.loads(message["Body"]) for message in self.captured.all()]

    def published(self, sub: str) -> list[dict[str, Any]]:
        """What the bus carried about one user."""
        return [entry for entry in self.on_bus() if entry["detail"].get("subject") == sub]

    def dead(self, body: str) -> dict[str, Any] | None:
        """The dead letter with exactly this body."""
        return next((m for m in self.dead_letters.all() if m["Body"] == body), None)

    def send(self, body: str) -> None:
        """Puts a message on the work queue."""
        self.sqs.send_message(QueueUrl=self.deployment.queue, MessageBody=body)

    def put_on_bus(self, source: str, detail_type: str, envelope: dict[str, Any]) -> None:
        """Puts an envelope on the bus under the given names."""
        entry = {
            "EventBusName": BUS,
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(envelope),
        }
        done = self.events.put_events(Entries=[entry])
        assert done["FailedEntryCount"] == 0, done

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Calls a function as a pool does, and fails if it reports an error."""
        answer = self.lambdas.invoke(FunctionName=function, Payload=json.dumps(event))
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def refusal(self, function: str, event: dict[str, Any]) -> str:
        """Calls a function as a pool does, and gives the sentence with which it refuses."""
        answer = self.lambdas.invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" in answer, payload
        return payload["errorMessage"]

    def log(self, function: str) -> str:
        """Everything that a function has logged."""
        pages = self.logs.get_paginator("filter_log_events")
        try:
            found = pages.paginate(logGroupName=f"/aws/lambda/{function}")
            return "\n".join(event["message"] for page in found for event in page["events"])
        except self.logs.exceptions.ResourceNotFoundException:
            return ""

    def settle(self) -> None:
        """Waits until the worker has nothing to do: only then shows what did not happen."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def empty() -> bool:
            answer = self.sqs.get_queue_attributes(
                QueueUrl=self.deployment.queue, AttributeNames=names
            )
            return all(answer["Attributes"][name] == "0" for name in names)

        wait_for("the work queue to be empty", empty)
