// Signs in by the secure remote password protocol, with the client that applications use, and prints
// the tokens as JSON. Takes one JSON object: endpoint, pool, app, name, password.
"use strict";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = require("amazon-cognito-identity-js");

const { endpoint, pool, app, name, password } = JSON.parse(process.argv[2]);
const Pool = new CognitoUserPool({ UserPoolId: pool, ClientId: app, endpoint });
const user = new CognitoUser({ Username: name, Pool });

user.authenticateUser(new AuthenticationDetails({ Username: name, Password: password }), {
  onSuccess(session) {
    const tokens = {
      IdToken: session.getIdToken().getJwtToken(),
      AccessToken: session.getAccessToken().getJwtToken(),
      RefreshToken: session.getRefreshToken().getToken(),
    };
    process.stdout.write(JSON.stringify(tokens));
  },
  onFailure(error) {
    process.stdout.write(JSON.stringify({ refused: error.message }));
  },
});
