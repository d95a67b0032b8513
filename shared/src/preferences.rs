//! A user's settings: created once from attributes and defaults, then owned by the application.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_events::{Person, Personal, Time};

/// The settings as applications read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Mail about the account.
    pub email_notifications: bool,
    /// Messages to a device.
    pub push_notifications: bool,
    /// Text messages.
    pub sms_notifications: bool,
    /// Marketing mail. The user's recorded answer, where there is one.
    pub marketing_emails: bool,
    /// `light`, `dark` or `auto`.
    pub theme: String,
    /// Language of the user interface, as BCP 47.
    pub language: Personal,
    /// IANA time zone, where the user gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Personal>,
    /// How dates are written.
    pub date_format: String,
    /// The application's own layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_layout: Option<Value>,
    /// The application's own first view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_view: Option<String>,
    /// When they were last written.
    pub updated_at: Time,
}

/// What a new user's settings are where the attributes say nothing. Keys of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// See [`Preferences::email_notifications`].
    pub email_notifications: bool,
    /// See [`Preferences::push_notifications`].
    pub push_notifications: bool,
    /// See [`Preferences::sms_notifications`].
    pub sms_notifications: bool,
    /// See [`Preferences::marketing_emails`].
    pub marketing_emails: bool,
    /// See [`Preferences::theme`].
    pub theme: String,
    /// See [`Preferences::language`].
    pub language: String,
    /// See [`Preferences::date_format`].
    pub date_format: String,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            email_notifications: true,
            push_notifications: true,
            sms_notifications: false,
            marketing_emails: true,
            theme: "light".to_owned(),
            language: "en".to_owned(),
            date_format: "MM/DD/YYYY".to_owned(),
        }
    }
}

impl Preferences {
    /// A new user's settings: what the attributes say, and defaults for the rest.
    pub fn initial(defaults: &Defaults, person: &Person, now: Time) -> Self {
        Self {
            email_notifications: defaults.email_notifications,
            push_notifications: defaults.push_notifications,
            sms_notifications: defaults.sms_notifications,
            marketing_emails: person
                .marketing_consent
                .unwrap_or(defaults.marketing_emails),
            theme: defaults.theme.clone(),
            language: person
                .locale
                .clone()
                .unwrap_or_else(|| Personal::new(&defaults.language)),
            timezone: person.zoneinfo.clone(),
            date_format: defaults.date_format.clone(),
            dashboard_layout: None,
            default_view: None,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_said_comes_before_the_defaults() {
        let person = Person {
            locale: Some(Personal::new("de-AT")),
            zoneinfo: Some(Personal::new("Europe/Vienna")),
            marketing_consent: Some(false),
            ..Person::default()
        };
        let now = Time::from_unix_seconds(0).unwrap();
        let said = Preferences::initial(&Defaults::default(), &person, now);
        assert_eq!(said.language.expose(), "de-AT");
        assert_eq!(said.timezone.unwrap().expose(), "Europe/Vienna");
        assert!(!said.marketing_emails);
        let silent = Preferences::initial(&Defaults::default(), &Person::default(), now);
        assert_eq!(
            (silent.language.expose(), silent.marketing_emails),
            ("en", true)
        );
    }
}
