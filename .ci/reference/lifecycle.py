"""The whole way of a user, through real servers and the Lambdas as they ship.

Each test has users of its own, so none depends on another's order.
"""

import html
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from case import REFUSAL, Case, said_by_trigger
from deploy import (
    FALLBACK_DETAIL_TYPE,
    FALLBACK_SOURCE,
    SENDER,
    TRIGGER,
    TRIGGER_CUT_OFF,
    TRIGGER_WITHOUT_QUEUE,
    WORKER,
)
from pool import claims
from world import wait_for

NEW_PASSWORD = "Battery-staple-8"
# The worker's answer to a batch of which nothing has to come again.
DONE: dict[str, Any] = {"batchItemFailures": []}
# What an event says that gives a role.
MAKES_ADMIN = {"source": "domain", "role": "admin"}
# What the schedule sends the worker each minute.
SWEEP = {"usher": "sweep"}


class Lifecycle(Case):
    """What a pool's users, the bus and an operator see."""

    def test_a_blocked_domain_is_refused_in_the_policys_words(self) -> None:
        email = self.address("blocked.example")
        with self.assertRaises(ClientError) as refused:
            self.world.pool.sign_up(email)
        self.assertEqual(said_by_trigger(refused.exception), REFUSAL)

    def test_a_refused_sign_up_leaves_no_user_and_no_mail(self) -> None:
        email = self.address("blocked.example")
        with self.assertRaises(ClientError):
            self.world.pool.sign_up(email)
        self.world.settle()
        users = self.world.pool.cognito.list_users(UserPoolId=self.world.pool.id)["Users"]
        held = {"Name": "email", "Value": email}
        self.assertFalse([user for user in users if held in user["Attributes"]])
        self.assertEqual(self.world.mails(email), [])

    def test_a_confirmed_user_has_a_profile_and_preferences(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email, given_name="Ada", family_name="Lovelace")
        profile = wait_for("the profile", lambda: self.world.profile(sub))
        expected = {
            "email": email,
            "firstName": "Ada",
            "lastName": "Lovelace",
            "role": "manager",
            "accountType": "business",
            "status": "active",
            "organizationId": "acme",
            "isActive": True,
            "emailVerified": True,
            "phoneVerified": False,
            "onboardingCompleted": False,
        }
        self.assertEqual({key: profile.get(key) for key in expected}, expected)
        self.assertIn("createdAt", profile)
        self.assertEqual(self.world.operator.sub_of(email), sub)
        wait_for("the preferences", lambda: self.world.item(sub, "PREFS"))
        self.assertIsNotNone(self.world.item(sub, "KEY"))
        self.assertEqual(self.types(sub), ["usher.sign_up_confirmed"])

    def test_the_users_own_attributes_grant_nothing(self) -> None:
        email = self.address("elsewhere.example")
        mine = {"custom:role": "admin", "custom:account_type": "enterprise"}
        sub = self.confirmed_user(email, **mine)
        profile = wait_for("the profile", lambda: self.world.profile(sub))
        self.assertEqual(profile.get("role"), "user")
        self.assertNotEqual(profile.get("accountType"), "enterprise")
        self.assertNotIn("organizationId", profile)
        said = claims(self.world.pool.sign_in(email)["IdToken"])
        self.assertEqual((said["role"], said["account_type"]), ("user", "standard"))
        self.assertNotIn("organization", said)

    def test_a_user_gets_one_welcome_and_one_notice_of_a_reset_each_of_two_parts(self) -> None:
        email = self.address()
        self.confirmed_user(email, given_name="Ada")
        wait_for("the welcome mail", lambda: self.world.mails(email))
        self.world.pool.sign_in(email)
        self.world.pool.reset_password(email, NEW_PASSWORD)
        self.world.settle()
        mails = self.world.mails(email)
        for subject in ("Welcome to", "Your password for"):
            [mail] = [mail for mail in mails if mail["Subject"].startswith(subject)]
            self.assertIn(SENDER, mail["Source"])
            for part in (mail["BodyText"], html.unescape(mail["BodyHtml"])):
                self.assertIn("Ada", part)
                self.assertIn("https://app.example/", part)
            self.assertIn("</", mail["BodyHtml"])
        self.assertEqual(len(mails), 2)

    def test_the_bus_carries_the_event_and_not_the_person(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email, given_name="Ada")
        entries = wait_for("the event on the bus", lambda: self.world.published(sub))
        confirmed = [e for e in entries if e["detail-type"] == "usher.sign_up_confirmed"]
        self.assertTrue(confirmed, entries)
        self.assertEqual(confirmed[0]["source"], "usher")
        self.assertEqual(confirmed[0]["detail"]["source"], self.world.pool.id)
        self.assertNotIn(email, json.dumps(entries))

    def test_the_logs_name_events_and_never_a_person(self) -> None:
        name, phone = f"Ada{uuid.uuid4().hex[:12]}", f"+43{uuid.uuid4().int % 10**10:010}"
        email = f"{name.lower()}@acme.example"
        sub = self.confirmed_user(email, given_name=name, phone_number=phone)
        self.world.pool.sign_in(email)
        person = {"email": email, "given_name": name, "phone_number": phone, "unheard_of": True}
        bad = json.dumps(self.envelope("signed_in", sub, {"person": person}))
        self.world.send(bad)
        self.assert_set_aside(bad, "bad_data")
        for event in self.world.commits(sub):
            wait_for("the event in the log", partial(self.is_in_log, TRIGGER, event))
        wait_for("the cause in the log", partial(self.is_in_log, WORKER, "bad_data"))
        for log in (self.world.log(TRIGGER), self.world.log(WORKER)):
            for personal in (name, name.lower(), phone.removeprefix("+")):
                self.assertNotIn(personal, log)

    def is_in_log(self, function: str, text: str) -> bool:
        """Whether a function has logged a text."""
        return text in self.world.log(function)

    def test_tokens_say_role_permissions_and_organization(self) -> None:
        email = self.address()
        self.confirmed_user(email)
        tokens = self.world.pool.sign_in(email)
        self.assert_granted(claims(tokens["IdToken"]))

    def test_refreshed_tokens_say_the_same(self) -> None:
        email = self.address()
        self.confirmed_user(email)
        tokens = self.world.pool.sign_in(email)
        renewed = self.world.pool.refresh(tokens["RefreshToken"])
        self.assert_granted(claims(renewed["IdToken"]))

    def assert_granted(self, said: dict[str, Any]) -> None:
        """What the domain's rule gives, in a token of the first version: nothing but text."""
        self.assertEqual(said["role"], "manager")
        self.assertEqual(said["organization"], "acme")
        self.assertEqual(said["account_type"], "business")
        self.assertEqual(said["permissions"], "profile:read team:write")

    def test_a_sign_in_is_recorded(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        self.assertNotIn("lastLoginAt", self.world.profile(sub) or {})
        self.world.pool.sign_in(email)
        wait_for("the sign-in", lambda: (self.world.profile(sub) or {}).get("lastLoginAt"))
        self.assertIn("usher.signed_in", self.types(sub))

    def test_a_reset_password_is_recorded_and_works(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        self.world.pool.reset_password(email, NEW_PASSWORD)
        wait_for("the reset", lambda: (self.world.profile(sub) or {}).get("lastPasswordResetAt"))
        self.assert_granted(claims(self.world.pool.sign_in(email, NEW_PASSWORD)["IdToken"]))

    def test_an_event_that_comes_again_happens_once(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        envelope = json.dumps(self.envelope("sign_up_confirmed", sub, confirmed(email)))
        self.world.send(envelope)
        wait_for("the welcome mail", lambda: self.world.mails(email))
        self.world.settle()
        self.world.send(envelope)
        self.world.send(envelope)
        self.world.settle()
        self.assertEqual(len(self.world.mails(email)), 1)
        self.assertEqual(self.types(sub), ["usher.sign_up_confirmed"])

    def test_an_event_that_comes_to_four_workers_at_once_happens_once(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        batch = sqs_batch(json.dumps(self.envelope("sign_up_confirmed", sub, confirmed(email))))
        with ThreadPoolExecutor(4) as workers:
            answers = list(workers.map(lambda _: self.world.invoke(WORKER, batch), range(4)))
        # Whoever came while another was sending the mail has to come again, and then finds it sent.
        self.assertIn(DONE, answers)
        self.assertEqual(self.world.invoke(WORKER, batch), DONE)
        self.assertEqual(len(self.world.mails(email)), 1)
        self.assertEqual(self.types(sub), ["usher.sign_up_confirmed"])

    def test_what_is_no_event_is_set_aside_unchanged_and_with_its_cause(self) -> None:
        body = f'{{"poison": "{uuid.uuid4()}",  "spaces":\t"kept", "ü": [1,\n2]'
        self.world.send(body)
        self.assert_set_aside(body, "not_an_envelope")

    def test_poison_holds_up_nobody_else(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        poison = f"not JSON {uuid.uuid4()}"
        bodies = [poison, json.dumps(self.envelope("sign_up_confirmed", sub, confirmed(email)))]
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)]
        self.world.sqs.send_message_batch(QueueUrl=self.world.deployment.queue, Entries=entries)
        wait_for("the profile", lambda: self.world.profile(sub))
        self.assert_set_aside(poison, "not_an_envelope")

    def test_a_decided_event_from_outside_grants_nothing(self) -> None:
        email = self.address("elsewhere.example")
        sub = self.confirmed_user(email)
        forged = json.dumps(self.envelope("role_assigned", sub, MAKES_ADMIN))
        self.world.send(forged)
        self.assert_set_aside(forged, "forged")
        self.assert_no_admin(sub, email)

    def test_a_decided_event_over_the_fallback_grants_nothing(self) -> None:
        email = self.address("elsewhere.example")
        sub = self.confirmed_user(email)
        forged = self.envelope("role_assigned", sub, MAKES_ADMIN)
        self.world.put_on_bus(FALLBACK_SOURCE, FALLBACK_DETAIL_TYPE, forged)
        letter = wait_for("the dead letter", lambda: self.dead_letter_of(forged["id"]))
        self.assertEqual(json.loads(letter["Body"]), forged)
        self.assertEqual(cause_of(letter), "forged")
        self.assert_no_admin(sub, email)

    def assert_no_admin(self, sub: str, email: str) -> None:
        """Neither the profile nor a token says more than the default role."""
        self.world.settle()
        self.assertEqual((self.world.profile(sub) or {}).get("role"), "user")
        self.assertNotIn("usher.role_assigned", self.types(sub))
        self.assertEqual(claims(self.world.pool.sign_in(email)["IdToken"])["role"], "user")

    def assert_set_aside(self, body: str, cause: str) -> None:
        """The dead letters hold the body byte for byte, and beside it why."""
        letter = wait_for("the dead letter", lambda: self.world.dead(body))
        self.assertEqual(letter["Body"].encode(), body.encode())
        self.assertEqual(cause_of(letter), cause)
        self.world.settle()

    def dead_letter_of(self, event: str) -> dict[str, Any] | None:
        """The dead letter that speaks of an event's id."""
        return next((m for m in self.world.dead_letters.all() if event in m["Body"]), None)

    def test_an_event_over_the_fallback_reaches_the_worker(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        envelope = self.envelope("sign_up_confirmed", sub, confirmed(email))
        self.world.put_on_bus(FALLBACK_SOURCE, FALLBACK_DETAIL_TYPE, envelope)
        wait_for("the profile", lambda: self.world.profile(sub))
        wait_for("the welcome mail", lambda: self.world.mails(email))

    def test_the_workers_own_words_on_the_bus_do_not_come_back(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        envelope = self.envelope("sign_up_confirmed", sub, confirmed(email))
        self.world.put_on_bus("usher", "usher.sign_up_confirmed", envelope)
        wait_for("the entry", lambda: self.world.published(sub))
        self.world.settle()
        self.assertIsNone(self.world.profile(sub))

    def test_a_trigger_without_its_queue_takes_the_fallback(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        event = self.pool_event("PostConfirmation_ConfirmSignUp", sub, email)
        self.assertEqual(self.world.invoke(TRIGGER_WITHOUT_QUEUE, event), event)
        wait_for("the profile", lambda: self.world.profile(sub))

    def test_a_trigger_cut_off_leaves_the_event_for_the_sweep(self) -> None:
        sub, email = str(uuid.uuid4()), self.address()
        event = self.pool_event("PostConfirmation_ConfirmSignUp", sub, email)
        self.assertEqual(self.world.invoke(TRIGGER_CUT_OFF, event), event)
        self.world.settle()
        self.assertIsNone(self.world.profile(sub))
        self.world.invoke(WORKER, SWEEP)
        wait_for("the profile", lambda: self.world.profile(sub))
        self.world.settle()
        self.world.invoke(WORKER, SWEEP)
        self.world.settle()
        self.assertEqual(self.types(sub), ["usher.sign_up_confirmed"])
        self.assertEqual(len(self.world.mails(email)), 1)

    def test_what_the_trigger_does_not_know_comes_back_as_it_went(self) -> None:
        event = self.pool_event("SomethingNew_Happened", str(uuid.uuid4()), self.address())
        event["request"]["unknown"] = {"kept": [1, None, "ü"]}
        self.assertEqual(self.world.invoke(TRIGGER, event), event)

    def test_a_sign_in_attempt_of_a_user_in_good_standing_goes_on(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        event = self.pool_event("PreAuthentication_Authentication", sub, email)
        self.assertEqual(self.world.invoke(TRIGGER, event), event)


def confirmed(email: str) -> dict[str, Any]:
    """What a confirmation says of a user whom the pool itself has verified."""
    return {"route": "sign_up", "person": {"email": email, "email_verified": True}}


def sqs_batch(body: str) -> dict[str, Any]:
    """One message as the event source mapping hands it over."""
    record = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def cause_of(letter: dict[str, Any]) -> str | None:
    """The kind of failure that a dead letter's attributes name."""
    attributes = letter.get("MessageAttributes", {})
    return attributes.get("usher.cause", {}).get("StringValue")
