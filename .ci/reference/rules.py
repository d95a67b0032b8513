"""What the policy's rules come to for the people of a pool, and what an operator does about it."""

import time
from functools import partial

from botocore.exceptions import ClientError

from case import REFUSAL, SIGN_IN_REFUSAL, Case, said_by_trigger
from deploy import TRIGGER
from pool import claims
from world import wait_for

# Sign-ups with addresses of this domain need an invite.
CLOSED = "invited.example"
# What the policy adds to the tokens of managers.
SCOPES = {"reports/read"}
INVITE_MISSING = "An invite is needed to sign up"
INVITE_REFUSED = "This invite cannot be used"


class Rules(Case):
    """Invites, refusals, suspensions, roles and messages, as people meet them."""

    def refused_sign_up(self, email: str, **metadata: str) -> str:
        """What somebody reads whom the pool does not take."""
        with self.assertRaises(ClientError) as refused:
            self.world.pool.sign_up(email, metadata)
        return said_by_trigger(refused.exception)

    def refused_sign_in(self, email: str) -> str:
        """What somebody reads who gets no token."""
        with self.assertRaises(ClientError) as refused:
            self.world.pool.sign_in(email)
        return said_by_trigger(refused.exception)

    def test_a_closed_domain_asks_for_an_invite(self) -> None:
        email = self.address(CLOSED)
        self.assertEqual(self.refused_sign_up(email), INVITE_MISSING)
        self.assertEqual(self.refused_sign_up(email, invite_code="MADE-UP0-CODE"), INVITE_REFUSED)

    def test_who_signs_up_by_invite_has_its_role_from_the_first_token_on(self) -> None:
        email = self.address(CLOSED)
        code = self.world.operator.invite(uses=1, role="manager")
        sub = self.world.pool.sign_up(email, {"invite_code": code})
        self.world.pool.confirm(email)
        # At once: whether the worker has been there yet makes no difference.
        first = claims(self.world.pool.sign_in(email)["IdToken"])
        self.assertEqual(first["role"], "manager")
        profile = wait_for("the profile", lambda: self.world.profile(sub))
        self.assertEqual(profile["role"], "manager")
        self.world.settle()
        behind = self.world.operator.invite_behind(code)
        self.assertEqual([used["sub"] for used in behind["redemptions"]], [sub])
        self.assertEqual(behind["reserved"], 0)

    def test_a_used_invite_is_refused_like_one_that_never_was(self) -> None:
        code = self.world.operator.invite(uses=1)
        first = self.address(CLOSED)
        self.world.pool.sign_up(first, {"invite_code": code})
        for others in (code, "MADE-UP0-CODE"):
            said = self.refused_sign_up(self.address(CLOSED), invite_code=others)
            self.assertEqual(said, INVITE_REFUSED)

    def test_an_invite_for_one_address_serves_no_other(self) -> None:
        email = self.address(CLOSED)
        code = self.world.operator.invite(uses=1, address=email)
        said = self.refused_sign_up(self.address(CLOSED), invite_code=code)
        self.assertEqual(said, INVITE_REFUSED)
        self.world.pool.sign_up(email, {"invite_code": code})

    def test_a_refused_sign_up_is_recorded_with_its_reason(self) -> None:
        email = self.address("blocked.example")
        self.assertEqual(self.refused_sign_up(email), REFUSAL)

        def refusals() -> list[str]:
            on_bus = self.world.on_bus()
            of_sign_ups = [e for e in on_bus if e["detail-type"] == "usher.sign_up_refused"]
            return [entry["detail"]["data"]["reason"] for entry in of_sign_ups]

        wait_for("the refusal on the bus", lambda: "domain_blocked" in refusals())

    def test_a_suspended_user_gets_no_token_and_no_refresh(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        tokens = self.world.pool.sign_in(email)
        self.world.operator.user("suspend", sub, "--confirm")
        self.assertEqual(self.refused_sign_in(email), SIGN_IN_REFUSAL)
        with self.assertRaises(ClientError) as refused:
            self.world.pool.refresh(tokens["RefreshToken"])
        self.assertEqual(said_by_trigger(refused.exception), SIGN_IN_REFUSAL)
        self.world.operator.user("reinstate", sub)
        self.assertEqual(claims(self.world.pool.sign_in(email)["IdToken"])["role"], "manager")

    def test_a_suspended_user_is_stopped_before_the_password_is_looked_at(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        event = self.pool_event("PreAuthentication_Authentication", sub, email)
        self.assertEqual(self.world.invoke(TRIGGER, event), event)
        self.world.operator.user("suspend", sub, "--confirm")
        self.assertEqual(self.world.refusal(TRIGGER, event), SIGN_IN_REFUSAL)

    def test_a_role_that_an_operator_gives_is_in_the_next_refresh(self) -> None:
        email = self.address()
        sub = self.confirmed_user(email)
        tokens = self.world.pool.sign_in(email)
        self.assertEqual(claims(tokens["IdToken"])["role"], "manager")
        self.world.operator.user("role", sub, "admin")
        renewed = claims(self.world.pool.refresh(tokens["RefreshToken"])["IdToken"])
        self.assertEqual(renewed["role"], "admin")
        self.assertEqual(renewed["permissions"], "profile:read team:write users:write")
        shown = self.world.operator.user("show", sub)
        self.assertEqual(shown["role"], "admin")

    def test_the_codes_mail_is_in_the_language_of_the_user(self) -> None:
        subjects = {"pt-BR": "Confirme a conta", "de": "Konto", "fi": "Confirm your account"}
        for locale, subject in subjects.items():
            email = self.address()
            self.world.pool.sign_up(email, locale=locale, given_name="Ada")
            mail = wait_for("the mail", partial(self.world.pool.mailed, email))
            self.assertIn(subject, mail, locale)
            self.assertIn(self.world.pool.code(email), mail, locale)

    def test_a_name_brings_no_markup_into_the_codes_mail(self) -> None:
        email = self.address()
        self.world.pool.sign_up(email, given_name="<a href=https://evil.example>Ada</a>")
        mail = wait_for("the mail", partial(self.world.pool.mailed, email))
        self.assertNotIn("<a", mail)
        self.assertNotIn("evil.example", mail)

    def test_an_administrators_invitation_is_in_the_language_of_the_user(self) -> None:
        email = self.address()
        self.world.sign_in_pool.invite(email, locale="pt-BR", given_name="Ada")
        mail = wait_for("the invitation", lambda: self.world.mails(email))[0]
        self.assertEqual(mail["Subject"], "Seu convite")
        self.assertIn("Ada", str(mail))

    def test_a_sign_in_by_srp_gets_claims_and_scopes_in_its_access_token(self) -> None:
        email = self.address()
        pool = self.world.sign_in_pool
        sub = pool.sign_up(email)
        pool.confirm(email)
        tokens = pool.sign_in(email)
        access, identity = claims(tokens["AccessToken"]), claims(tokens["IdToken"])
        for token in (access, identity):
            self.assertEqual(token["role"], "manager")
            self.assertEqual(token["organization"], "acme")
            self.assertEqual(token["permissions"], ["profile:read", "team:write"])
        self.assertEqual(set(access["scope"].split()) & SCOPES, SCOPES)
        # This server announces no confirmation, as Cognito announces none of an imported user; the
        # token is what makes such a user known.
        wait_for("the user", lambda: self.world.item(sub, "USER"))
        self.world.settle()
        self.assertEqual(self.types(sub).count("usher.first_seen"), 1)

    def test_scopes_follow_the_role_at_the_next_refresh(self) -> None:
        email = self.address()
        pool = self.world.sign_in_pool
        sub = pool.sign_up(email)
        pool.confirm(email)
        tokens = pool.sign_in(email)
        wait_for("the user", lambda: self.world.item(sub, "USER"))
        self.world.operator.user("role", sub, "user")
        access = claims(pool.refresh(tokens["RefreshToken"])["AccessToken"])
        self.assertEqual(access["role"], "user")
        self.assertFalse(set(access["scope"].split()) & SCOPES)

    def test_who_is_suspended_is_disabled_in_the_pool_and_its_sessions_are_over(self) -> None:
        email = self.address()
        pool = self.world.sign_in_pool
        sub = pool.sign_up(email)
        pool.confirm(email)
        tokens = pool.sign_in(email)
        wait_for("the user", lambda: self.world.item(sub, "USER"))
        # This server ends the sessions of earlier seconds alone.
        begun = claims(tokens["IdToken"])["iat"]
        wait_for("the next second", lambda: int(time.time()) > begun)
        named = ("--pool", pool.id)
        done = self.world.operator.user("suspend", sub, "--confirm", *named)
        self.assertEqual(done["in_pool"], "disabled")
        self.assertFalse(pool.is_enabled(email))
        with self.assertRaises(ClientError) as refused:
            pool.refresh(tokens["RefreshToken"])
        # The pool itself, which then does not come to ask the trigger.
        self.assertNotIn(SIGN_IN_REFUSAL, str(refused.exception))
        done = self.world.operator.user("reinstate", sub, *named)
        self.assertEqual(done["in_pool"], "enabled")
        self.assertTrue(pool.is_enabled(email))
        self.assertEqual(claims(pool.sign_in(email)["IdToken"])["role"], "manager")

    def test_a_suspended_user_gets_no_token_by_srp(self) -> None:
        email = self.address()
        pool = self.world.sign_in_pool
        sub = pool.sign_up(email)
        pool.confirm(email)
        pool.sign_in(email)
        wait_for("the user", lambda: self.world.item(sub, "USER"))
        self.world.operator.user("suspend", sub, "--confirm")
        self.assertIn("refused", pool.sign_in(email))
