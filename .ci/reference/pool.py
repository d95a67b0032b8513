"""A user pool of cognito-local, seen from an application that signs its users up and in."""

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy import client

PASSWORD = "Correct-horse-7"


class Pool:
    """One user pool with one app client."""

    def __init__(self, url: str, run: Path) -> None:
        self.cognito: Any = client("cognito-idp", url)
        made = self.cognito.create_user_pool(
            PoolName="usher",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            # Old pools have these, and their users can write them.
            Schema=[
                {"Name": name, "AttributeDataType": "String", "Mutable": True}
                for name in ("role", "account_type")
            ],
        )
        self.id: str = made["UserPool"]["Id"]
        made = self.cognito.create_user_pool_client(UserPoolId=self.id, ClientName="app")
        self.app: str = made["UserPoolClient"]["ClientId"]
        self.log = run / "cognito.log"
        self.database = run / ".cognito" / "db" / f"{self.id}.json"

    def sign_up(
        self, email: str, metadata: dict[str, str] | None = None, **attributes: str
    ) -> str:
        """Asks for a sign-up and gives the user's sub."""
        answer = self.cognito.sign_up(
            ClientId=self.app,
            Username=email,
            Password=PASSWORD,
            UserAttributes=named(email=email, **attributes),
            ClientMetadata=metadata or {},
        )
        return answer["UserSub"]

    def confirm(self, email: str) -> None:
        """Confirms with the code from the mail.

        Cognito marks the address as verified when the code comes back; this server does not, so
        an administrator does it before.
        """
        self.cognito.admin_update_user_attributes(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=named(email=email, email_verified="true"),
        )
        code = self.code(email)
        self.cognito.confirm_sign_up(ClientId=self.app, Username=email, ConfirmationCode=code)

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        """Signs in and gives the tokens."""
        return self.tokens("USER_PASSWORD_AUTH", USERNAME=email, PASSWORD=password)

    def refresh(self, token: str) -> dict[str, str]:
        """Gives new tokens for a refresh token."""
        return self.tokens("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)

    def tokens(self, flow: str, **parameters: str) -> dict[str, str]:
        """Runs one flow to its tokens."""
        answer = self.cognito.initiate_auth(
            ClientId=self.app, AuthFlow=flow, AuthParameters=parameters
        )
        return answer["AuthenticationResult"]

    def reset_password(self, email: str, password: str) -> None:
        """Forgets the password and sets a new one with the code from the mail."""
        self.cognito.forgot_password(ClientId=self.app, Username=email)
        self.cognito.confirm_forgot_password(
            ClientId=self.app, Username=email, Password=password, ConfirmationCode=self.code(email)
        )

    def mailed(self, email: str) -> str | None:
        """What this server would have mailed last. It shows it in its log, in a frame.

        Its log counts characters where it writes bytes, and so keeps back what follows a frame until
        more has been logged; a question that it cannot answer is logged at length.
        """
        with contextlib.suppress(ClientError):
            self.cognito.describe_user_pool(UserPoolId="us-east-1_nowhere")
        shown = self.log.read_text().split("Confirmation Code Delivery")
        mine = [mail.partition("╰")[0] for mail in shown if email in mail]
        return " ".join(mine[-1].replace("│", " ").split()) if mine else None

    def code(self, email: str) -> str:
        """The code that this server would have mailed. It keeps it in its database file."""
        users = json.loads(self.database.read_text())["Users"].values()
        held = {"Name": "email", "Value": email}
        return next(user["ConfirmationCode"] for user in users if held in user["Attributes"])


def named(**attributes: str) -> list[dict[str, str]]:
    """Attributes as the service writes them."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def claims(token: str) -> dict[str, Any]:
    """What a token says. The pool's signature is the pool's affair and is not checked."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
