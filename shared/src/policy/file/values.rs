use super::reader::{Found, Place};
use super::section::Section;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::DeValue;

impl<'a> Section<'a> {
    pub(super) fn flag(&self, key: &str, default: bool) -> bool {
        self.maybe_flag(key).unwrap_or(default)
    }

    pub(super) fn maybe_flag(&self, key: &str) -> Option<bool> {
        let Found { value, place } = self.value(key)?;
        self.expect(&place, value, "true or false", DeValue::as_bool)
    }

    pub(super) fn text(&self, key: &str) -> Option<Found<String>> {
        let Found { value, place } = self.value(key)?;
        let text = self.expect(&place, value, "a text in quotes", DeValue::as_str)?;
        Some(Found {
            value: text.to_owned(),
            place,
        })
    }

    /// A text that must be there; `why` goes on after "is missing".
    pub(super) fn needed(&self, key: &str, why: &str) -> Option<Found<String>> {
        if !self.has(key) {
            self.report_key(key, format!("is missing{why}"));
        }
        self.text(key)
    }

    /// A text for which the empty one says that there is none.
    pub(super) fn filled(&self, key: &str) -> Option<Found<String>> {
        self.text(key).filter(|found| !found.value.is_empty())
    }

    pub(super) fn texts(&self, key: &str) -> Vec<Found<String>> {
        let found = self.value(key);
        let members = found.and_then(|Found { value, place }| self.members(&place, value));
        members.unwrap_or_default()
    }

    /// A whole number of `unit` within `range`.
    pub(super) fn number(
        &self,
        key: &str,
        range: RangeInclusive<u32>,
        unit: &str,
        default: u32,
    ) -> u32 {
        let Some(Found { value, place }) = self.value(key) else {
            return default;
        };
        let Some(number) = self.expect(&place, value, "a whole number", DeValue::as_integer) else {
            return default;
        };
        let digits = number.as_str().replace('_', "");
        match u32::from_str_radix(&digits, number.radix()) {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let (least, most) = range.into_inner();
                self.report(
                    &place,
                    format!("must be {least} to {most} {unit}, and is {number}"),
                );
                default
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> T {
        let Some(found) = self.text(key) else {
            return default;
        };
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == found.value) {
            return *choice;
        }
        let quoted: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        self.report(&found.place, format!("must be {}", quoted.join(" or ")));
        default
    }

    /// The texts of a list; `None` if the value is no list.
    pub(super) fn members(
        &self,
        place: &Place,
        value: &'a DeValue<'a>,
    ) -> Option<Vec<Found<String>>> {
        let array = self.expect(place, value, "a list of texts", DeValue::as_array)?;
        let member = |item: &'a Spanned<DeValue<'a>>| {
            let place = Place {
                at: item.span().start,
                ..place.clone()
            };
            let text = self.expect(&place, item.get_ref(), "a text in quotes", DeValue::as_str)?;
            Some(Found {
                value: text.to_owned(),
                place,
            })
        };
        Some(array.iter().filter_map(member).collect())
    }
}
