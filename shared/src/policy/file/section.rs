use super::reader::{Found, Place, Reader, Unknown};
use std::borrow::Cow;
use std::cell::RefCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One table of the file, or the absence of one. What is asked for is known; the rest is a problem.
pub(super) struct Section<'a> {
    reader: &'a Reader<'a>,
    place: Place,
    /// The path as documentation shows it: `organizations.<id>`.
    shape: String,
    table: Option<&'a DeTable<'a>>,
    asked: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    pub(super) fn read<T>(
        reader: &'a Reader<'a>,
        place: Place,
        shape: String,
        table: Option<&'a DeTable<'a>>,
        read: impl FnOnce(&Section<'a>) -> T,
    ) -> T {
        let section = Self {
            reader,
            place,
            shape,
            table,
            asked: RefCell::default(),
        };
        let value = read(&section);
        let siblings = section.asked.into_inner();
        for (key, _) in table.into_iter().flatten() {
            let name = key.get_ref().to_string();
            if !siblings.contains(&name) {
                let place = Place {
                    key: join(&section.place.key, &name),
                    at: key.span().start,
                };
                let unknown = Unknown {
                    place,
                    name,
                    siblings: siblings.clone(),
                };
                reader.wonder(unknown);
            }
        }
        value
    }

    /// Where the table is.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether the file has this table at all.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Whether there is nothing in the table.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_none_or(DeTable::is_empty)
    }

    /// Whether the table has this key with an empty list.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        let value = self.table.and_then(|table| table.get(key));
        let list = value.and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.is_empty())
    }

    /// Whether the table has this key, with whatever value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether the table has this key with anything but an empty text.
    pub(super) fn is_set(&self, key: &str) -> bool {
        let value = self.table.and_then(|table| table.get(key));
        value.is_some_and(|value| value.get_ref().as_str() != Some(""))
    }

    /// Reports a problem of a value that was read before.
    pub(super) fn report(&self, place: &Place, text: impl Into<String>) {
        self.reader.report(place, text);
    }

    /// Reports a problem of a key that is here or should be.
    pub(super) fn report_key(&self, key: &str, text: impl Into<String>) {
        self.reader.report(&self.place_of(key), text);
    }

    /// Tells what the owner should know of a key.
    pub(super) fn warn_key(&self, key: &str, text: impl Into<String>) {
        self.reader.warn(&self.place_of(key), text);
    }

    /// Tells what the owner should know of a value that was read before.
    pub(super) fn warn(&self, place: &Place, text: impl Into<String>) {
        self.reader.warn(place, text);
    }

    /// Where a key is, or else the table that lacks it.
    fn place_of(&self, key: &str) -> Place {
        let at = self.table.and_then(|table| table.get_key_value(key));
        Place {
            key: join(&self.place.key, key),
            at: at.map_or(self.place.at, |(key, _)| key.span().start),
        }
    }

    /// The table of this name; read as an empty one if there is none.
    pub(super) fn section<T>(&self, key: &str, read: impl FnOnce(&Section<'a>) -> T) -> T {
        let shape = join(&self.shape, key);
        match self.value(key) {
            None => {
                let place = Place {
                    key: join(&self.place.key, key),
                    at: self.place.at,
                };
                Self::read(self.reader, place, shape, None, read)
            }
            Some(Found { value, place }) => {
                let table = self.expect(&place, value, "a table", DeValue::as_table);
                Self::read(self.reader, place, shape, table, read)
            }
        }
    }

    /// The tables of an array of tables, in the order of the file.
    pub(super) fn tables<T>(&self, key: &str, read: impl Fn(&Section<'a>) -> T) -> Vec<T> {
        let Some(Found { value, place }) = self.value(key) else {
            return Vec::new();
        };
        let array = self.expect(
            &place,
            value,
            &format!("an array of tables, as in [[{}]]", place.key),
            DeValue::as_array,
        );
        let mut read_tables = Vec::new();
        let items = array.into_iter().flat_map(|array| array.iter());
        for (nth, item) in items.enumerate() {
            let place = Place {
                at: item.span().start,
                ..place.clone()
            };
            self.reader.remember(&Place {
                key: format!("{}[{nth}]", place.key),
                ..place
            });
            if let Some(table) = self.expect(&place, item.get_ref(), "a table", DeValue::as_table) {
                let shape = join(&self.shape, key);
                read_tables.push(Self::read(self.reader, place, shape, Some(table), &read));
            }
        }
        read_tables
    }

    /// The tables in the table of this name, which the owner names; `what` says what the names are.
    pub(super) fn named<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(&Found<String>, &Section<'a>) -> T,
    ) -> Vec<T> {
        let shape = join(&join(&self.shape, key), what);
        self.pairs(key, what)
            .into_iter()
            .filter_map(|(name, value)| {
                let table = self.expect(&name.place, value, "a table", DeValue::as_table)?;
                let read = |section: &Section<'a>| read(&name, section);
                Some(Self::read(
                    self.reader,
                    name.place.clone(),
                    shape.clone(),
                    Some(table),
                    read,
                ))
            })
            .collect()
    }

    /// The values in the table of this name, which the owner names; tables among them are sections.
    pub(super) fn named_values<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(&Found<String>, Named<'_, 'a>) -> T,
    ) -> Vec<T> {
        let shape = join(&join(&self.shape, key), what);
        let pairs = self.pairs(key, what).into_iter();
        pairs
            .map(|(name, value)| match value.as_table() {
                None => read(&name, Named::Value(value)),
                table => {
                    let place = name.place.clone();
                    Self::read(self.reader, place, shape.clone(), table, |section| {
                        read(&name, Named::Section(section))
                    })
                }
            })
            .collect()
    }

    /// The lists in the table of this name, which the owner names; `None` if there is no such table.
    pub(super) fn named_lists(&self, key: &str, what: &str) -> Option<Vec<NamedList>> {
        let lists = self.pairs(key, what).into_iter();
        let lists = lists.map(|(name, value)| (name.clone(), self.members(&name.place, value)));
        self.has(key).then(|| lists.collect())
    }

    /// The texts of this very table under keys that the owner chooses, but for those asked for.
    pub(super) fn own_texts(&self, what: &str) -> Vec<(Found<String>, Found<String>)> {
        self.reader.know(join(&self.shape, what));
        let asked = self.asked.borrow().clone();
        let names = self.table.into_iter().flatten();
        let names = names.map(|(name, _)| (name.get_ref().to_string(), name.span().start));
        let mut texts = Vec::new();
        for (name, at) in names.filter(|(name, _)| !asked.contains(name)) {
            let place = Place {
                key: join(&self.place.key, &name),
                at,
            };
            let Some(Found { value, place: at }) = self.at(&name) else {
                continue;
            };
            let text = self.expect(&at, value, "a text in quotes", DeValue::as_str);
            let text = text.map(|text| Found {
                value: text.to_owned(),
                place: at,
            });
            texts.extend(text.map(|text| (Found { value: name, place }, text)));
        }
        texts
    }

    /// The texts in the table of this name, under names that the owner chooses.
    pub(super) fn named_texts(&self, key: &str, what: &str) -> Vec<(Found<String>, Found<String>)> {
        let text = |(name, value): (Found<String>, &'a DeValue<'a>)| {
            let text = self.expect(&name.place, value, "a text in quotes", DeValue::as_str)?;
            let place = name.place.clone();
            let value = text.to_owned();
            Some((name, Found { value, place }))
        };
        self.pairs(key, what).into_iter().filter_map(text).collect()
    }

    /// The values in the table of this name, which the owner names, as they stand.
    pub(super) fn pairs(&self, key: &str, what: &str) -> Vec<(Found<String>, &'a DeValue<'a>)> {
        self.reader.know(join(&join(&self.shape, key), what));
        let Some(Found { value, place }) = self.value(key) else {
            return Vec::new();
        };
        let table = self.expect(&place, value, "a table", DeValue::as_table);
        let pair = |(name, value): (&'a Spanned<Cow<'a, str>>, &'a Spanned<DeValue<'a>>)| {
            let text = name.get_ref().to_string();
            let place = Place {
                key: join(&place.key, &text),
                at: name.span().start,
            };
            self.reader.remember(&place);
            (Found { value: text, place }, value.get_ref())
        };
        table.into_iter().flatten().map(pair).collect()
    }

    pub(super) fn value(&self, key: &str) -> Option<Found<&'a DeValue<'a>>> {
        self.reader.know(join(&self.shape, key));
        self.at(key)
    }

    fn at(&self, key: &str) -> Option<Found<&'a DeValue<'a>>> {
        self.asked.borrow_mut().push(key.to_owned());
        let (name, value) = self.table?.get_key_value(key)?;
        let place = Place {
            key: join(&self.place.key, key),
            at: value.span().start,
        };
        self.reader.remember(&Place {
            at: name.span().start,
            ..place.clone()
        });
        Some(Found {
            value: value.get_ref(),
            place,
        })
    }

    pub(super) fn expect<T>(
        &self,
        place: &Place,
        value: &'a DeValue<'a>,
        what: &str,
        as_it: impl Fn(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let it = as_it(value);
        if it.is_none() {
            self.report(
                place,
                format!("must be {what}, and is {}", article(value.type_str())),
            );
        }
        it
    }
}

/// What stands under a name that the owner gave.
#[derive(Clone, Copy)]
pub(super) enum Named<'s, 'a> {
    /// A table.
    Section(&'s Section<'a>),
    /// Anything else.
    Value(&'a DeValue<'a>),
}

/// A name that the owner gave, and the texts under it, if they are a list.
pub(super) type NamedList = (Found<String>, Option<Vec<Found<String>>>);

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind}")
}
