"""Puts the whole system into ministack, as a production deployment would be put together.

The queue's figures are the production contract's: visibility of six function timeouts, and a
receive limit that lets a message wait out six hours.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

import servers

TABLE = "usher"
BUS = "usher"
TRIGGER = "usher-trigger"
# The trigger as it is when its queue is gone: what it publishes can only take the way over the bus.
TRIGGER_WITHOUT_QUEUE = "usher-trigger-without-queue"
# The trigger as it is when neither queue nor bus can be reached: only the table is left.
TRIGGER_CUT_OFF = "usher-trigger-cut-off"
WORKER = "usher-worker"
SENDER = "welcome@usher.example"

TRIGGER_TIMEOUT_S = 5
WORKER_TIMEOUT_S = 90
VISIBILITY_S = 6 * WORKER_TIMEOUT_S
RECEIVE_LIMIT = 6 * 60 * 60 // VISIBILITY_S
FOURTEEN_DAYS_S = 14 * 24 * 60 * 60

FALLBACK_SOURCE = "usher.fallback"
FALLBACK_DETAIL_TYPE = "usher.envelope"

# The port for discarding, on which nobody listens.
NOWHERE = "http://127.0.0.1:9"

ROLE = "arn:aws:iam::000000000000:role/usher"
# Thirty-two bytes of nothing: secret from nobody, since nothing here is.
SECRET = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@dataclass(frozen=True)
class Deployment:
    """Where the deployed parts are."""

    url: str
    queue: str
    dead_letters: str
    captured: str

    def client(self, service: str) -> Any:
        """A client of one of the deployment's services."""
        return client(service, self.url)


def client(service: str, url: str) -> Any:
    """A client of one server, whatever the surroundings say of AWS.

    It repeats nothing by itself: a test that passes at the second attempt hides the first.
    """
    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=servers.REGION
    )
    config = Config(retries={"total_max_attempts": 1}, read_timeout=30, proxies={})
    return session.client(service, endpoint_url=url, config=config)


def deploy(url: str, archives: dict[str, Path]) -> Deployment:
    """Makes every part and connects them."""
    table(client("dynamodb", url))
    deployment = queues(client("sqs", url), url)
    bus(client("events", url), client("sqs", url), deployment)
    client("sesv2", url).create_email_identity(EmailIdentity=SENDER)
    functions(client("lambda", url), client("sqs", url), deployment, archives)
    return deployment


def table(dynamodb: Any) -> None:
    """The one table, with its sparse index of what is due and its expiry."""
    keys = ("PK", "SK", "due_shard", "due_at")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=key_schema("PK", "SK"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": key_schema("due_shard", "due_at"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
    dynamodb.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True}
    )


def key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    """A two-part key."""
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


def queues(sqs: Any, url: str) -> Deployment:
    """The work queue, its dead letters, and a queue that shows a test what the bus carried."""

    def made(name: str, **attributes: str) -> str:
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    dead_letters = made("usher-dead-letters", MessageRetentionPeriod=str(FOURTEEN_DAYS_S))
    redrive = {"deadLetterTargetArn": arn(sqs, dead_letters), "maxReceiveCount": RECEIVE_LIMIT}
    queue = made("usher", VisibilityTimeout=str(VISIBILITY_S), RedrivePolicy=json.dumps(redrive))
    return Deployment(url, queue, dead_letters, made("captured"))


def arn(sqs: Any, queue: str) -> str:
    """A queue's ARN."""
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def bus(events: Any, sqs: Any, deployment: Deployment) -> None:
    """The bus, the fallback's way to the work queue, and the way to the test's own queue."""
    events.create_event_bus(Name=BUS)

    def rule(name: str, pattern: dict[str, list[str]], target: dict[str, str]) -> None:
        events.put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps(pattern))
        done = events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": name, **target}])
        assert done["FailedEntryCount"] == 0, done

    rule(
        "fallback",
        {"source": [FALLBACK_SOURCE], "detail-type": [FALLBACK_DETAIL_TYPE]},
        # The bare envelope, as it would have come from the trigger itself.
        {"Arn": arn(sqs, deployment.queue), "InputPath": "$.detail"},
    )
    rule("captured", {"source": ["usher"]}, {"Arn": arn(sqs, deployment.captured)})


def functions(lambdas: Any, sqs: Any, deployment: Deployment, archives: dict[str, Path]) -> None:
    """Both Lambdas, and the mapping that feeds the work queue to the worker."""
    environment = {
        "ENV": "dev",
        "REGION": servers.REGION,
        "USHER_TABLE": TABLE,
        "USHER_QUEUE_URL": deployment.queue,
        "USHER_BUS": BUS,
        "USHER_SECRET": SECRET,
        "USHER_LOG": "info",
    }

    def function(name: str, archive: Path, timeout_s: int, **more: str) -> None:
        lambdas.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=ROLE,
            Timeout=timeout_s,
            MemorySize=256,
            Code={"ZipFile": archive.read_bytes()},
            Environment={"Variables": environment | more},
        )
        lambdas.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    trigger, worker = archives["usher-trigger"], archives["usher-worker"]
    function(TRIGGER, trigger, TRIGGER_TIMEOUT_S)
    function(
        TRIGGER_WITHOUT_QUEUE,
        trigger,
        TRIGGER_TIMEOUT_S,
        USHER_QUEUE_URL=deployment.queue + "-that-is-not-there",
    )
    function(
        TRIGGER_CUT_OFF,
        trigger,
        TRIGGER_TIMEOUT_S,
        AWS_ENDPOINT_URL_SQS=NOWHERE,
        AWS_ENDPOINT_URL_EVENTBRIDGE=NOWHERE,
    )
    function(WORKER, worker, WORKER_TIMEOUT_S, USHER_DEAD_LETTER_URL=deployment.dead_letters)
    lambdas.create_event_source_mapping(
        FunctionName=WORKER,
        EventSourceArn=arn(sqs, deployment.queue),
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
