use super::*;
use std::path::Path;
use usher_events::{
    ConfirmationRoute, Envelope, EventId, FirstSeen, OrganizationId, PasswordReset, Personal,
    PoolId, SignUpConfirmed, SignUpContext, Sub, Subject, SuspensionReason, Time, UserSuspended,
};
use usher_shared::commit::Ledger;
use usher_shared::digest::Secret;
use usher_shared::operator::Act;
use usher_shared::policy::mails::Readers;
use usher_shared::policy::{Findings, MailTemplate, file, react};
use usher_shared::seal::{self, UserKey};

const POLICY: &str = r#"
[mail]
from = "Example <welcome@app.example>"
app_url = "https://app.example"
app_name = "Example"
reply_to = "help@app.example"
configuration_set = "lifecycle"

[[domains]]
domain = "acme.example"
organization = "acme"
[[domains]]
domain = "big.example"
organization = "big"
[[domains]]
domain = "club.example"
organization = "club"

[plans.team]
features = ["reports", "api"]

[organizations]
acme = { name = "Acme & Sons", account_type = "business", plan = "team" }
big = { name = "Big", account_type = "enterprise" }
club = { name = "Club" }
"#;

fn parsed(text: &str) -> Policy {
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    file::parse(text, Path::new(""), &nothing).unwrap()
}

fn policy() -> Policy {
    parsed(POLICY)
}

/// The policy with a template of the owner's for everybody who is new.
fn with_template(subject: &str, text: &str, html: &str) -> Policy {
    let mut policy = policy();
    let readers = Readers {
        mail: MailKind::Welcome,
        locale: None,
        account_type: None,
        source: None,
    };
    let template = MailTemplate {
        readers,
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: html.to_owned(),
    };
    policy.mail.templates.push(template);
    policy
}

/// The welcome of somebody who belongs to no organization that users founded.
fn mail(policy: &Policy, templates: &Templates, commit: &Commit) -> Result<Mail, TemplateError> {
    about(
        MailKind::Welcome,
        policy,
        templates,
        commit,
        &User::default(),
    )
}

/// Any mail, to a user of whom the item says this.
fn about(
    kind: MailKind,
    policy: &Policy,
    templates: &Templates,
    commit: &Commit,
    folded: &User,
) -> Result<Mail, TemplateError> {
    let occasion = Occasion {
        kind,
        commit,
        user: &Occasion::user(kind, commit, folded),
        founded: None,
        unsubscribe_url: unsubscribe_url(
            policy,
            kind,
            commit,
            &Secret::new(&[7; 32]).unsubscribe_key(),
        ),
    };
    super::mail(policy, templates, &occasion)
}

fn person(email: &str, name: Option<&str>) -> Person {
    Person {
        email: Some(Personal::new(email)),
        email_verified: true,
        given_name: name.map(Personal::new),
        ..Person::default()
    }
}

fn commit(policy: &Policy, person: Person, context: SignUpContext) -> Commit {
    let event = SignUpConfirmed {
        route: ConfirmationRoute::SignUp,
        client: None,
        context,
        sign_up: None,
        person,
    };
    recorded(policy, event.into())
}

fn recorded(policy: &Policy, event: LifecycleEvent) -> Commit {
    let reaction = react::react(policy, &event, &Findings::default());
    let now: Time = "2026-01-02T03:04:05Z".parse().unwrap();
    Commit {
        envelope: Envelope {
            id: "f0f607a8-e0d0-545f-8a65-5d5843765c82"
                .parse::<EventId>()
                .unwrap(),
            source: PoolId::new("eu-west-1_A").unwrap(),
            subject: Subject::User(Sub::new("3f0c").unwrap()),
            time: now,
            correlation_id: None,
            causation_id: None,
            event: Recorded::Lifecycle(event),
        },
        decided: reaction.decided,
        ledger: Ledger::owing(reaction.owes),
        lease: None,
        recorded_at: now,
    }
}

fn made(policy: &Policy, person: Person, context: SignUpContext) -> Mail {
    let templates = Templates::new(policy).unwrap();
    mail(policy, &templates, &commit(policy, person, context)).unwrap()
}

fn organic(email: &str) -> Mail {
    let person = person(email, Some("Ada"));
    made(&policy(), person, SignUpContext::default())
}

/// The value of one tag.
fn tag_of<'m>(mail: &'m Mail, name: &str) -> &'m str {
    let mut tags = mail.tags.iter();
    tags.find_map(|tag| (tag.name == name).then_some(tag.value.as_str()))
        .unwrap()
}

#[test]
fn the_kind_of_account_chooses_the_mail() {
    for (email, account_type, organization, for_business) in [
        ("ada@home.example", "standard", None, false),
        ("ada@acme.example", "business", Some("Acme & Sons"), true),
        ("ada@big.example", "enterprise", Some("Big"), true),
        ("ada@club.example", "standard", None, false),
    ] {
        let mail = organic(email);
        assert_eq!(tag_of(&mail, "account_type"), account_type, "{email}");
        let invites = "you can invite colleagues";
        assert_eq!(mail.text.contains(invites), for_business, "{email}");
        assert_eq!(mail.html.contains(invites), for_business, "{email}");
        if let Some(organization) = organization {
            assert!(mail.text.contains(organization), "{}", mail.text);
        }
        let onboarding = format!("https://app.example/onboarding?type={account_type}&");
        assert!(mail.text.contains(&onboarding), "{}", mail.text);
    }
}

#[test]
fn a_template_may_say_what_the_organization_has_and_nothing_where_there_is_none() {
    let text = "{{ organization_plan or 'none' }}{% for feature in organization_features %}, \
                {{ feature }}{% endfor %}";
    let policy = with_template("s", text, "h");
    for (email, said) in [
        ("ada@acme.example", "team, api, reports"),
        ("ada@club.example", "none"),
        ("ada@home.example", "none"),
    ] {
        let mail = made(&policy, person(email, None), SignUpContext::default());
        assert_eq!(mail.text, said, "{email}");
    }
}

#[test]
fn a_kind_of_account_that_nobody_wrote_a_mail_for_gets_the_first() {
    let mut policy = policy();
    let kind = usher_events::AccountType::new("partner").unwrap();
    let id = OrganizationId::new("club").unwrap();
    let club = policy.organizations.get_mut(&id).unwrap();
    club.account_type = Some(kind);
    let person = person("ada@club.example", None);
    let mail = made(&policy, person, SignUpContext::default());
    assert_eq!(tag_of(&mail, "account_type"), "partner");
    assert!(mail.text.contains("Take the first steps"), "{}", mail.text);
}

#[test]
fn sender_recipient_and_settings_come_from_event_and_policy() {
    let mail = organic("ada@home.example");
    assert_eq!(mail.to.expose(), "ada@home.example");
    assert_eq!(mail.from, "Example <welcome@app.example>");
    assert_eq!(mail.reply_to.as_deref(), Some("help@app.example"));
    assert_eq!(mail.configuration_set.as_deref(), Some("lifecycle"));
    assert_eq!(mail.subject, "Welcome to Example, Ada");
    assert!(mail.text.starts_with("Hello Ada,") && !mail.text.contains('<'));
    assert!(mail.html.starts_with("<!doctype html>"), "{}", mail.html);
}

#[test]
fn who_gave_no_name_is_greeted_without_one() {
    let mail = made(
        &policy(),
        person("ada@home.example", None),
        SignUpContext::default(),
    );
    assert_eq!(mail.subject, "Welcome to Example");
    assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
    assert!(mail.html.contains("<p>Hello,</p>"), "{}", mail.html);
}

#[test]
fn of_a_name_only_letters_are_said_and_what_the_policy_says_is_escaped() {
    for (name, text, html) in [
        ("<script>alert(1)</script>", "script alert script", None),
        ("\" onload=\"x", "onload x", None),
        ("O'Brien & Co", "O'Brien Co", Some("O&#x27;Brien Co")),
        ("{{ app_url }}", "app url", None),
        ("https://evil.example/?a=b", "https evil example a b", None),
        ("www.evil.example", "www evil example", None),
        ("call +43 1 234567", "call", None),
    ] {
        let person = person("ada@acme.example", Some(name));
        let mail = made(&policy(), person, SignUpContext::default());
        let greeting = format!("<p>Hello {},</p>", html.unwrap_or(text));
        assert!(mail.html.contains(&greeting), "{name}: {}", mail.html);
        assert!(mail.text.starts_with(&format!("Hello {text},")), "{name}");
    }
    let mail = organic("ada@acme.example");
    assert!(
        mail.html.contains("<b>Acme &amp; Sons</b>"),
        "{}",
        mail.html
    );
}

#[test]
fn nothing_in_a_name_or_a_template_makes_a_second_header_line() {
    for name in [
        "Ada\r\nBcc: all@evil.example",
        "Ada\nX: y",
        "Ada\u{0}\u{85}\u{1b}[31m",
        "\r\n\r\nBody",
    ] {
        let person = person("ada@home.example", Some(name));
        let mail = made(&policy(), person, SignUpContext::default());
        assert!(!mail.subject.contains(char::is_control), "{name:?}");
        assert!(mail.subject.starts_with("Welcome to Example"));
    }
    let policy = with_template("  Hi\n{{ first_name }}\n", "t", "h");
    let person = person("ada@home.example", Some("Ada"));
    let mail = made(&policy, person, SignUpContext::default());
    assert_eq!(mail.subject, "Hi Ada");
}

#[test]
fn links_say_which_mail_and_which_campaign_they_belong_to() {
    let context = SignUpContext {
        source: Some("partner.site".to_owned()),
        campaign: Some("spring_2026".to_owned()),
        referrer: None,
    };
    let person = person("ada@acme.example", Some("Ada"));
    let mail = made(&policy(), person, context);
    for (path, query) in [
        ("onboarding", "type=business&"),
        ("dashboard", ""),
        ("login", ""),
        ("support", ""),
    ] {
        let link = format!(
            "https://app.example/{path}?{query}utm_source=welcome_email&utm_medium=email\
             &utm_campaign=welcome_business&utm_content=spring_2026"
        );
        assert!(mail.text.contains(&link), "{link} in {}", mail.text);
        let in_html = link.replace('&', "&amp;").replace('/', "&#x2f;");
        let in_html = format!("<a href=\"{in_html}\">");
        assert!(mail.html.contains(&in_html), "{in_html} in {}", mail.html);
    }
    assert!(!organic("ada@home.example").text.contains("utm_content"));
}

#[test]
fn tags_keep_to_the_alphabet_of_the_mail_service() {
    for (source, value) in [
        (None, "organic"),
        (Some("referral"), "referral"),
        (Some("partner.site-2_b"), "partner_site-2_b"),
        (Some("."), "_"),
    ] {
        let context = SignUpContext {
            source: source.map(str::to_owned),
            campaign: None,
            referrer: None,
        };
        let mail = made(&policy(), person("ada@home.example", None), context);
        assert_eq!(tag_of(&mail, "source"), value);
        assert_eq!(tag_of(&mail, "mail"), "welcome");
        for tag in &mail.tags {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            assert!(!tag.value.is_empty() && tag.value.chars().all(plain));
        }
    }
}

#[test]
fn an_owners_template_replaces_ours_and_knows_every_name() {
    let names = [
        "first_name",
        "app_name",
        "account_type",
        "organization_name",
        "show_business_features",
        "source",
        "campaign",
    ];
    let all = names.map(|name| format!("{name}={{{{ {name} }}}};"));
    let all = all.join("\n");
    let mut policy = with_template("Hi {{ first_name or app_name }}", &all, &all);
    let context = SignUpContext {
        source: Some("invite".to_owned()),
        campaign: None,
        referrer: None,
    };
    let mail = made(&policy, person("ada@home.example", None), context.clone());
    assert_eq!(mail.subject, "Hi Example");
    for said in [
        "app_name=Example;",
        "account_type=standard;",
        "show_business_features=False;",
        "source=invite;",
        "first_name=;",
        "organization_name=;",
        "campaign=;",
    ] {
        assert!(mail.text.contains(said), "{said} in {}", mail.text);
    }
    let standard = usher_events::AccountType::new("standard").unwrap();
    policy.mail.templates[0].readers.account_type = Some(standard);
    let business = made(&policy, person("ada@acme.example", None), context);
    assert!(business.text.contains("you can invite colleagues"), "ours");
}

#[test]
fn language_kind_of_account_and_source_choose_among_the_owners_templates() {
    let mut text = POLICY.to_owned();
    for (selectors, said) in [
        ("mail = 'welcome'", "all"),
        ("mail = 'welcome'\nlocale = 'pt'", "pt"),
        ("mail = 'welcome'\nlocale = 'pt-BR'", "pt-BR"),
        (
            "mail = 'welcome'\nlocale = 'pt'\naccount_type = 'business'",
            "pt business",
        ),
        ("mail = 'welcome'\nsource = 'partner'", "partner"),
        ("mail = 'welcome'\nsource = 'first_seen'", "seen"),
        ("mail = 'password_changed'\nlocale = 'de'", "de password"),
        (
            "mail = 'suspension'\naccount_type = 'business'",
            "business suspension",
        ),
    ] {
        let parts = format!("subject = '{said}'\ntext = '{said}'\nhtml = '{said}'\n");
        text += &format!("[[mail.templates]]\n{selectors}\n{parts}");
    }
    let policy = parsed(&text);
    let templates = Templates::new(&policy).unwrap();
    let speaking = |email: &str, locale: &str| Person {
        locale: Some(Personal::new(locale)),
        ..person(email, None)
    };
    let (home, acme) = ("ada@home.example", "ada@acme.example");
    for (email, locale, source, said) in [
        (home, "fr", None, "all"),
        (home, "no tag at all", Some("friend"), "all"),
        (home, "fr-CA", Some("partner"), "partner"),
        (home, "pt_PT", Some("partner"), "pt"),
        (home, "pt-BR", None, "pt-BR"),
        (acme, "pt-BR", None, "pt-BR"),
        (acme, "pt", None, "pt business"),
    ] {
        let context = SignUpContext {
            source: source.map(str::to_owned),
            campaign: None,
            referrer: None,
        };
        let commit = commit(&policy, speaking(email, locale), context);
        let mail = mail(&policy, &templates, &commit).unwrap();
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert_eq!(part, said, "{email} {locale} {source:?}");
        }
    }
    let (client, seen) = (None, person(home, None));
    let seen = FirstSeen {
        client,
        person: seen,
    };
    let seen = recorded(&policy, seen.into());
    assert_eq!(mail(&policy, &templates, &seen).unwrap().subject, "seen");
    let ours = "Your password for Example was changed";
    for (locale, said) in [("de-AT", "de password"), ("en", ours)] {
        let (commit, user) = reset(&policy, speaking(acme, locale));
        let kind = MailKind::PasswordChanged;
        let mail = about(kind, &policy, &templates, &commit, &user).unwrap();
        assert_eq!(mail.subject, said);
    }
    for (email, said) in [
        (acme, "business suspension"),
        (home, "Your account at Example is suspended"),
    ] {
        let (commit, user) = suspension(&policy, speaking(email, "de"));
        let kind = MailKind::Suspension;
        let mail = about(kind, &policy, &templates, &commit, &user).unwrap();
        assert_eq!(mail.subject, said);
    }
}

#[test]
fn an_organizations_own_content_is_in_the_mails_of_its_members_alone_and_escaped() {
    let text = POLICY.replace(
        "club = { name = \"Club\" }",
        "club = { name = \"Club\", content = { hello = \"Meet us at 5 <b>& late\" } }",
    );
    let body = "[{{ organization_content.hello }}]";
    let policy = parsed(&format!(
        "{text}\n[[mail.templates]]\nmail = 'welcome'\nsubject = 's'\ntext = '{body}'\n\
         html = '{body}'\n"
    ));
    for (email, text, html) in [
        (
            "ada@club.example",
            "[Meet us at 5 <b>& late]",
            "[Meet us at 5 &lt;b&gt;&amp; late]",
        ),
        ("ada@acme.example", "[]", "[]"),
        ("ada@home.example", "[]", "[]"),
    ] {
        let mail = made(&policy, person(email, None), SignUpContext::default());
        assert_eq!((mail.text.as_str(), mail.html.as_str()), (text, html));
    }
}

#[test]
fn our_own_mails_stand_what_the_owners_have_to_stand() {
    for (kind, account_type, [subject, text, html]) in templates::OURS {
        let kind = kind.as_str();
        let judged = parsed(&format!(
            "{POLICY}\n[[mail.templates]]\nmail = '{kind}'\naccount_type = '{account_type}'\n\
             subject = '''{subject}'''\ntext = '''{text}'''\nhtml = '''{html}'''\n"
        ));
        assert_eq!(judged.mail.templates.len(), 1);
    }
}

#[test]
fn the_owners_tags_say_what_is_known_of_the_reader_in_few_words() {
    let policy = parsed(&format!(
        "{POLICY}\n[sign_up]\nknown_sources = ['partner.site']\n[mail.tags.welcome]\n\
         team = 'growth'\nkind = {{ from = 'account_type' }}\nplan = {{ from = 'organization_plan' }}\n\
         language = {{ from = 'locale' }}\nby = {{ from = 'source' }}\n[[mail.templates]]\n\
         mail = 'welcome'\nlocale = 'pt-BR'\nsubject = 's'\ntext = 't'\nhtml = 'h'\n"
    ));
    for (email, locale, source, said) in [
        (
            "ada@acme.example",
            "pt-BR",
            Some("partner.site"),
            ["business", "team", "pt-br", "partner_site"],
        ),
        (
            "ada@home.example",
            "<b>",
            Some("one-of-many"),
            ["standard", "none", "none", "other"],
        ),
        (
            "ada@home.example",
            "de",
            None,
            ["standard", "none", "none", "organic"],
        ),
    ] {
        let person = Person {
            locale: Some(Personal::new(locale)),
            ..person(email, None)
        };
        let context = SignUpContext {
            source: source.map(str::to_owned),
            campaign: None,
            referrer: None,
        };
        let mail = made(&policy, person, context);
        let owners = ["kind", "plan", "language", "by"].map(|name| tag_of(&mail, name));
        assert_eq!((owners, tag_of(&mail, "team")), (said, "growth"));
        assert_eq!(mail.tags.len(), 8);
    }
    let (commit, user) = reset(&policy, person("ada@home.example", None));
    let kind = MailKind::PasswordChanged;
    let templates = Templates::new(&policy).unwrap();
    let notice = about(kind, &policy, &templates, &commit, &user).unwrap();
    assert_eq!(notice.tags.len(), 2, "none of the welcome's");
}

#[test]
fn a_template_that_no_check_has_seen_says_which_it_is_and_none_of_its_values() {
    for (bad, problem) in [
        (
            "\n{{ first_name|shout }}",
            "mail.templates[0].text, line 2: unknown filter",
        ),
        ("{% if %}", "mail.templates[0].text, line 1: syntax error"),
        (
            "{{ first_name.email }}",
            "mail.templates[0].text, line 1: undefined value",
        ),
    ] {
        let policy = with_template("s", bad, "h");
        let commit = commit(
            &policy,
            person("ada@home.example", Some("Ada")),
            SignUpContext::default(),
        );
        let made = Templates::new(&policy).and_then(|made| mail(&policy, &made, &commit));
        let error = made.unwrap_err();
        assert_eq!(error.to_string(), problem, "{bad}");
        assert_eq!(error.as_str(), "bad_template");
    }
}

#[test]
fn who_is_first_seen_is_welcomed_like_everybody_and_was_brought_by_nothing() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    let person = person("ada@acme.example", Some("Ada"));
    let client = None;
    let commit = recorded(&policy, FirstSeen { client, person }.into());
    let mail = mail(&policy, &templates, &commit).unwrap();
    assert_eq!(mail.to.expose(), "ada@acme.example");
    assert_eq!(mail.subject, "Welcome to Example, Ada");
    assert_eq!(tag_of(&mail, "account_type"), "business");
    assert_eq!(tag_of(&mail, "source"), "first_seen");
    assert!(!mail.text.contains("utm_content"), "{}", mail.text);
}

/// A reset, and the user before it.
fn reset(policy: &Policy, person: Person) -> (Commit, User) {
    let known = commit(policy, person.clone(), SignUpContext::default());
    let client = None;
    let reset = recorded(policy, PasswordReset { client, person }.into());
    (reset, User::of(&known))
}

/// A suspension, and the user with it.
fn suspension(policy: &Policy, person: Person) -> (Commit, User) {
    let known = User::of(&commit(policy, person, SignUpContext::default()));
    let reason = SuspensionReason::Operator;
    let act = Act {
        id: "0190a8c0-0000-7000-8000-000000000001".parse().unwrap(),
        pool: PoolId::new("eu-west-1_A").unwrap(),
        sub: Sub::new("3f0c").unwrap(),
        event: UserSuspended { reason }.into(),
    };
    let now = "2026-02-03T04:05:06Z".parse().unwrap();
    let commit = act.commit(policy, &known, now).unwrap();
    let user = known.apply(&commit);
    (commit, user)
}

#[test]
fn a_notice_says_what_happened_and_when_and_where_to_turn() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    let ada = || person("ada@acme.example", Some("Ada"));
    let (reset, user) = reset(&policy, ada());
    let kind = MailKind::PasswordChanged;
    let mail = about(kind, &policy, &templates, &reset, &user).unwrap();
    assert_eq!(mail.to.expose(), "ada@acme.example");
    assert_eq!(mail.subject, "Your password for Example was changed");
    assert!(
        mail.text.contains("changed on 2026-01-02 03:04 UTC."),
        "{}",
        mail.text
    );
    assert!(
        mail.text.contains("Tell us: https://app.example/support\n"),
        "{}",
        mail.text
    );
    assert!(
        mail.html
            .contains("<a href=\"https:&#x2f;&#x2f;app.example&#x2f;login\">")
    );
    let (commit, user) = suspension(&policy, ada());
    let kind = MailKind::Suspension;
    let mail = about(kind, &policy, &templates, &commit, &user).unwrap();
    assert_eq!(mail.to.expose(), "ada@acme.example");
    assert_eq!(mail.subject, "Your account at Example is suspended");
    assert!(
        mail.html.contains("suspended on 2026-02-03 04:05 UTC."),
        "{}",
        mail.html
    );
    for (mail, text) in [(kind, &mail.text), (kind, &mail.html)] {
        assert!(!text.contains("utm_"), "{mail:?}: nobody is being won over");
    }
    assert_eq!(
        (tag_of(&mail, "mail"), tag_of(&mail, "account_type")),
        ("suspension", "business")
    );
    assert!(!mail.tags.iter().any(|tag| tag.name == "source"));
}

#[test]
fn a_notice_does_without_links_where_the_policy_says_not_where_they_lead() {
    let mut policy = policy();
    policy.mail.app_url = String::new();
    let templates = Templates::new(&policy).unwrap();
    for (kind, (commit, user)) in [
        (
            MailKind::PasswordChanged,
            reset(&policy, person("ada@acme.example", None)),
        ),
        (
            MailKind::Suspension,
            suspension(&policy, person("ada@acme.example", None)),
        ),
    ] {
        let mail = about(kind, &policy, &templates, &commit, &user).unwrap();
        for text in [&mail.text, &mail.html] {
            assert!(!text.contains("href") && !text.contains(": \n"), "{text}");
        }
    }
}

#[test]
fn a_suspension_is_told_to_nobody_whose_address_the_record_does_not_hold_as_verified() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    let verified = person("ada@acme.example", None);
    let unverified = Person {
        email_verified: false,
        ..verified.clone()
    };
    let by_a_stranger = Person {
        providers: vec!["Evil".to_owned()],
        ..verified
    };
    for person in [unverified, by_a_stranger, Person::default()] {
        let (commit, user) = suspension(&policy, person);
        let mail = about(MailKind::Suspension, &policy, &templates, &commit, &user);
        assert_eq!(mail.unwrap_err().as_str(), "no_recipient");
        let nobody = User::of(&commit);
        let mail = about(MailKind::Suspension, &policy, &templates, &commit, &nobody);
        assert_eq!(mail.unwrap_err().as_str(), "no_recipient");
    }
}

#[test]
fn nothing_that_a_user_wrote_is_a_link_in_a_notice() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    for name in [
        "https://evil.example/a",
        "<a href='//evil.example'>",
        "evil.example",
        "a@evil.example",
    ] {
        let (commit, user) = suspension(&policy, person("ada@acme.example", Some(name)));
        let mail = about(MailKind::Suspension, &policy, &templates, &commit, &user).unwrap();
        for text in [&mail.text, &mail.html, &mail.subject] {
            for link in ["evil.", "//evil", "@evil", "'//"] {
                assert!(!text.contains(link), "{name}: {text}");
            }
        }
    }
}

#[test]
fn a_welcome_says_where_to_stop_mails_in_a_token_that_usher_signed_and_a_notice_does_not() {
    let mut policy = policy();
    policy.mail.unsubscribe_url = Some("https://app.example/stop".to_owned());
    let templates = Templates::new(&policy).unwrap();
    for email in ["ada@home.example", "ada@acme.example"] {
        let commit = commit(
            &policy,
            person(email, Some("Ada")),
            SignUpContext::default(),
        );
        let mail = mail(&policy, &templates, &commit).unwrap();
        let url = mail.unsubscribe_url.as_deref().unwrap();
        assert!(
            mail.text.contains(url) && mail.html.contains("token="),
            "{}",
            mail.text
        );
        let token = url.strip_prefix("https://app.example/stop?token=").unwrap();
        let key = Secret::new(&[7; 32]).unsubscribe_key();
        let token = Token::verify(token, &[key]).unwrap();
        assert_eq!(
            (token.sub.as_str(), token.mail),
            ("3f0c", MailKind::Welcome)
        );
        assert_eq!(token.issued_at.to_string(), "2026-01-02T03:04:05.000Z");
    }
    let (reset, user) = reset(&policy, person("ada@home.example", None));
    let notice = about(
        MailKind::PasswordChanged,
        &policy,
        &templates,
        &reset,
        &user,
    )
    .unwrap();
    assert_eq!(notice.unsubscribe_url, None);
    policy.mail.unsubscribe_url = None;
    let commit = commit(
        &policy,
        person("ada@home.example", None),
        SignUpContext::default(),
    );
    let mail = mail(&policy, &templates, &commit).unwrap();
    assert!(
        mail.unsubscribe_url.is_none() && !mail.text.contains("token"),
        "{}",
        mail.text
    );
}

#[test]
fn without_a_sender_a_mail_waits_for_one() {
    let mut policy = policy();
    policy.mail.from = String::new();
    let templates = Templates::new(&policy).unwrap();
    let person = person("ada@acme.example", None);
    let commit = commit(&policy, person, SignUpContext::default());
    let error = mail(&policy, &templates, &commit).unwrap_err();
    assert_eq!(error.as_str(), "no_sender");
}

#[test]
fn nobody_is_written_to_who_has_no_address() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    let commit = commit(&policy, Person::default(), SignUpContext::default());
    let error = mail(&policy, &templates, &commit).unwrap_err();
    assert_eq!(error.as_str(), "no_recipient");
}

#[test]
fn a_mail_from_the_log_is_the_mail_that_was_owed() {
    let policy = policy();
    let templates = Templates::new(&policy).unwrap();
    let context = SignUpContext {
        source: Some("referral".to_owned()),
        campaign: Some("spring".to_owned()),
        referrer: None,
    };
    let person = person("ada@acme.example", Some("Ada"));
    let commit = commit(&policy, person, context);
    let first = mail(&policy, &templates, &commit).unwrap();

    let key = UserKey::new([7; 32]);
    let sealed = seal::seal(&commit, Some(&key), [1; 12]).unwrap();
    let recorded = seal::open(&sealed, Some(&key)).unwrap();
    assert!(mail(&policy, &templates, &recorded).unwrap() == first);

    // What was decided was recorded: a policy that came since does not change it.
    let mut since = policy;
    since.domains.clear();
    assert!(mail(&since, &templates, &recorded).unwrap() == first);
}

#[test]
fn a_mail_shows_nothing_personal_of_itself() {
    let shown = format!("{:?}", organic("ada@home.example"));
    assert!(!shown.contains("ada@") && !shown.contains("Ada"), "{shown}");
}
