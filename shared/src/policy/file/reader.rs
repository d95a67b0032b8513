use super::position::Positions;
use super::problem::Problem;
use super::section::Section;
use super::suggest::nearest;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeTable;

/// Where something stands, so that a later check can still say where.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The key with the tables that it is in.
    pub(super) key: String,
    /// Offset into the text, in bytes.
    pub(super) at: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A key that nobody has asked for, and those of its table that somebody has.
pub(super) struct Unknown {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) siblings: Vec<String>,
}

/// Everything that reading a file has shown.
pub(super) struct Findings {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// What is not wrong, and yet the owner should know.
    pub(super) warnings: Vec<Problem>,
    /// Where each key stands that the file has, in bytes.
    pub(super) places: BTreeMap<String, usize>,
}

/// Collects the problems of one text, and the keys that the code asks for.
pub(super) struct Reader<'t> {
    positions: Positions<'t>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    known: RefCell<BTreeSet<String>>,
    unknown: RefCell<Vec<Unknown>>,
    places: RefCell<BTreeMap<String, usize>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            positions: Positions::of(text),
            problems: RefCell::default(),
            warnings: RefCell::default(),
            known: RefCell::default(),
            unknown: RefCell::default(),
            places: RefCell::default(),
        }
    }

    /// Reads the whole file as one section.
    pub(super) fn document<T>(
        &self,
        table: &DeTable<'_>,
        read: impl FnOnce(&Section<'_>) -> T,
    ) -> T {
        let place = Place {
            key: String::new(),
            at: 0,
        };
        Section::read(self, place, String::new(), Some(table), read)
    }

    pub(super) fn know(&self, path: String) {
        self.known.borrow_mut().insert(path);
    }

    /// Remembers where a key stands that the file has.
    pub(super) fn remember(&self, place: &Place) {
        let mut places = self.places.borrow_mut();
        places.insert(place.key.clone(), place.at);
    }

    pub(super) fn wonder(&self, unknown: Unknown) {
        self.unknown.borrow_mut().push(unknown);
    }

    pub(super) fn syntax(&self, error: &toml::de::Error) {
        let at = error.span().map_or(0, |span| span.start);
        let text = error
            .message()
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join("; ");
        self.report(
            &Place {
                key: String::new(),
                at,
            },
            text,
        );
    }

    pub(super) fn report(&self, place: &Place, text: impl Into<String>) {
        self.problems.borrow_mut().push(self.problem(place, text));
    }

    pub(super) fn warn(&self, place: &Place, text: impl Into<String>) {
        self.warnings.borrow_mut().push(self.problem(place, text));
    }

    fn problem(&self, place: &Place, text: impl Into<String>) -> Problem {
        let (line, column) = self.positions.find(place.at);
        Problem {
            line,
            column,
            key: place.key.clone(),
            text: text.into(),
        }
    }

    /// What was found, and every key that was asked for. Unknown keys are judged last, when it is
    /// known what every table may hold.
    pub(super) fn finish(self) -> (Findings, BTreeSet<String>) {
        let known = self.known.borrow().clone();
        for Unknown {
            place,
            name,
            siblings,
        } in self.unknown.take()
        {
            let sibling = nearest(&name, siblings.iter().map(String::as_str));
            let elsewhere = known.iter().find(|path| {
                path.rsplit_once('.').is_some_and(|(_, last)| last == name) && **path != place.key
            });
            let hint = match (sibling, elsewhere) {
                (Some(sibling), _) => format!("; did you mean {sibling}?"),
                (None, Some(path)) => format!("; did you mean {path}?"),
                (None, None) => String::new(),
            };
            self.report(&place, format!("unknown key{hint}"));
        }
        let findings = Findings {
            problems: self.problems.into_inner(),
            warnings: self.warnings.into_inner(),
            places: self.places.into_inner(),
        };
        (findings, known)
    }
}
