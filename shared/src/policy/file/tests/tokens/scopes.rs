use super::*;
use crate::policy::scope::Scope;

const OWN: &str = "aws.cognito.signin.user.admin";

fn names<'s>(scopes: impl IntoIterator<Item = &'s Scope>) -> Vec<&'s str> {
    scopes.into_iter().map(Scope::as_str).collect()
}

#[test]
fn scopes_are_everybodys_a_roles_or_a_permissions() {
    let policy = policy_of(&format!(
        "[tokens.scopes]\nadd = ['b', 'a']\nsuppress = ['{OWN}', 'phone']\n\
         [tokens.scopes.roles.manager]\nadd = ['reports/read']\nsuppress = ['a']\n\
         [tokens.scopes.permissions]\n'users:read' = ['users/read']\n'users:write' = []\n"
    ));
    let scopes = policy.tokens.scopes;
    assert_eq!(names(&scopes.everybody.add), ["a", "b"]);
    assert_eq!(names(&scopes.everybody.suppress), [OWN, "phone"]);
    let manager = &scopes.roles[&Role::new("manager").unwrap()];
    assert_eq!(names(&manager.add), ["reports/read"]);
    assert_eq!(names(&manager.suppress), ["a"]);
    assert_eq!(names(&scopes.permissions["users:read"]), ["users/read"]);
    assert_eq!(scopes.permissions.len(), 2);
}

#[test]
fn scopes_that_no_token_could_have_are_told() {
    let characters = "a scope holds letters, digits and signs of ASCII other than the quotation \
                      mark and the backslash, and no space";
    for (scope, problem) in [
        ("a b", characters),
        ("é", characters),
        ("", "a scope must not be empty"),
        (&"x".repeat(257), "a scope must be at most 256 characters"),
    ] {
        for list in ["add", "suppress"] {
            let text = format!("[tokens.scopes]\n{list} = ['{scope}']\n");
            let expected = format!("line 2: tokens.scopes.{list}: {problem}");
            assert_eq!(wrong_with(&text), [expected], "{scope}");
        }
    }
    let only_a_client =
        format!("{OWN} lets its bearer change the account; only an app client can grant it");
    for (text, key) in [
        (
            format!("[tokens.scopes]\nadd = ['{OWN}']\n"),
            "tokens.scopes.add",
        ),
        (
            format!("[tokens.scopes.roles.user]\nadd = ['{OWN}']\n"),
            "tokens.scopes.roles.user.add",
        ),
        (
            format!("[tokens.scopes.permissions]\n'users:read' = ['{OWN}']\n"),
            "tokens.scopes.permissions.users:read",
        ),
        (
            format!("[machines.m.scopes]\nadd = ['{OWN}']\n"),
            "machines.m.scopes.add",
        ),
    ] {
        assert_eq!(
            wrong_with(&text),
            [format!("line 2: {key}: {only_a_client}")]
        );
    }
    check_problems(&[(
        "[tokens.scopes]\nadd = ['a', 'a']\n",
        "line 2: tokens.scopes.add: a is listed twice",
    )]);
}

#[test]
fn scopes_belong_to_roles_and_permissions_that_there_are() {
    check_problems(&[
        (
            "[tokens.scopes.roles.managr]\nadd = ['a']\n",
            "line 1: tokens.scopes.roles.managr: \"managr\" is not declared in [roles.permissions]; did you mean \"manager\"?",
        ),
        (
            "[tokens.scopes.permissions]\n'users:raed' = ['a']\n",
            "line 2: tokens.scopes.permissions.users:raed: \"users:raed\" is not declared in [roles.permissions]; did you mean \"users:read\"?",
        ),
    ]);
}

#[test]
fn a_scope_that_is_added_here_and_taken_out_there_is_a_contradiction() {
    let out = "[tokens.scopes]\nsuppress = ['a']\n";
    for (text, expected) in [
        (
            "[tokens.scopes]\nadd = ['a']\nsuppress = ['a']\n".to_owned(),
            "line 2: tokens.scopes.add: a is also in suppress, and would not show",
        ),
        (
            format!("{out}[tokens.scopes.roles.user]\nadd = ['a']\n"),
            "line 4: tokens.scopes.roles.user.add: a is also in tokens.scopes.suppress, and would not show",
        ),
        (
            format!("{out}[tokens.scopes.permissions]\n'users:read' = ['a']\n"),
            "line 4: tokens.scopes.permissions.users:read: a is also in tokens.scopes.suppress, and would not show",
        ),
        (
            format!("{out}[machines.m.scopes]\nadd = ['a']\n"),
            "line 4: machines.m.scopes.add: a is also in tokens.scopes.suppress, and would not show",
        ),
    ] {
        assert_eq!(wrong_with(&text), [expected]);
    }
    // What everybody has, a role can be denied.
    check_good(&["[tokens.scopes]\nadd = ['a']\n[tokens.scopes.roles.guest]\nsuppress = ['a']\n"]);
}

#[test]
fn the_first_version_has_no_scopes() {
    check_problems(&[(
        "[tokens]\nversion = 'V1_0'\n[tokens.scopes]\nadd = ['a']\n",
        "line 3: tokens.scopes: has no meaning with version V1_0, which reaches ID tokens alone",
    )]);
    check_good(&["[tokens]\nversion = 'V2_0'\n[tokens.scopes]\nadd = ['a']\n"]);
}
