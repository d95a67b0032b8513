"""What two workers come to on real servers whose networks fail: the tests in `worker/tests/faults`."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import servers


@contextlib.contextmanager
def disturbed_servers(run: Path) -> Iterator[tuple[dict[str, str], list[servers.Server]]]:
    """DynamoDB Local and ministack, each with a microburst in front: addresses for the tests, and who
    has a log. `USHER_SEED` repeats what was drawn."""
    seed = os.environ.get("USHER_SEED") or str(secrets.randbelow(2**32))
    with (
        servers.dynamodb_local(run) as dynamodb,
        servers.ministack(run) as aws,
        servers.microburst(run, dynamodb, int(seed)) as before_dynamodb,
        servers.microburst(run, aws, int(seed) + 1) as before_aws,
    ):
        print(f"USHER_SEED={seed}", flush=True)
        addresses = {
            "USHER_SEED": seed,
            "USHER_TEST_DYNAMODB": dynamodb.url,
            "USHER_TEST_DYNAMODB_DISTURBED": before_dynamodb.url,
            "USHER_TEST_AWS": aws.url,
            "USHER_TEST_AWS_DISTURBED": before_aws.url,
        }
        yield addresses, [dynamodb, aws, before_dynamodb, before_aws]
