"""A user pool of ministack, which has what cognito-local lacks: sign-in by SRP, and tokens of the
second version."""

import json
import os
import subprocess
from typing import Any

import install
from deploy import TRIGGER, client
from pool import PASSWORD, named

SCRIPT = install.HERE / "srp.cjs"


class SignInPool:
    """One user pool with one app client, whose token and message triggers are usher's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cognito: Any = client("cognito-idp", url)
        function = client("lambda", url).get_function(FunctionName=TRIGGER)
        arn = function["Configuration"]["FunctionArn"]
        tokens = {"LambdaArn": arn, "LambdaVersion": "V2_0"}
        made = self.cognito.create_user_pool(
            PoolName="usher-srp",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            LambdaConfig={
                "PreSignUp": arn,
                "CustomMessage": arn,
                "PreTokenGenerationConfig": tokens,
            },
        )
        self.id: str = made["UserPool"]["Id"]
        made = self.cognito.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="app",
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        self.app: str = made["UserPoolClient"]["ClientId"]

    def sign_up(self, email: str) -> str:
        """Signs a user up and gives the sub."""
        answer = self.cognito.sign_up(
            ClientId=self.app,
            Username=email,
            Password=PASSWORD,
            UserAttributes=named(email=email),
        )
        return answer["UserSub"]

    def confirm(self, email: str) -> None:
        """Confirms as an administrator, who also says that the address is the user's."""
        self.cognito.admin_confirm_sign_up(UserPoolId=self.id, Username=email)
        self.cognito.admin_update_user_attributes(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=named(email_verified="true"),
        )

    def is_enabled(self, email: str) -> bool:
        """Whether the pool lets the user sign in."""
        user = self.cognito.admin_get_user(UserPoolId=self.id, Username=email)
        return user["Enabled"]

    def invite(self, email: str, **attributes: str) -> None:
        """Creates a user as an administrator does, and has the pool send the invitation."""
        self.cognito.admin_create_user(
            UserPoolId=self.id,
            Username=email,
            UserAttributes=named(email=email, email_verified="true", **attributes),
        )

    def sign_in(self, email: str) -> dict[str, str]:
        """Signs in by SRP and gives the tokens, or under `refused` what the pool says."""
        question = {
            "endpoint": self.url,
            "pool": self.id,
            "app": self.app,
            "name": email,
            "password": PASSWORD,
        }
        # `require` looks beside the script, and the package is where everything is installed.
        environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(install.NODE / "node_modules")}
        done = subprocess.run(
            ["node", "--no-deprecation", SCRIPT, json.dumps(question)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refresh(self, token: str) -> dict[str, str]:
        """Gives new tokens for a refresh token."""
        answer = self.cognito.initiate_auth(
            ClientId=self.app,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token},
        )
        return answer["AuthenticationResult"]
