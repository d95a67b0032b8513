//! Which shards of a stream are read, and from where. Pure.
//!
//! A shard ends after some hours, or when it is split, and its children go on: read before it, they
//! would show what came later of a user first.

use std::collections::BTreeMap;

/// A shard as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) parent: Option<String>,
}

/// From where on a shard is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// From now.
    Latest,
    /// From the oldest that is kept.
    Horizon,
    /// After the record of this number.
    After(String),
}

/// How far a shard is.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    parent: Option<String>,
    /// From where on it is to be read if there is no iterator.
    pub(super) place: Place,
    /// Good for a quarter of an hour.
    pub(super) iterator: Option<String>,
    /// Whether it may begin with what is older than is asked for.
    pub(super) only_since: bool,
    is_over: bool,
}

impl Shard {
    /// The iterator is good no longer. Of a shard from which nothing came yet only its beginning is
    /// known for sure.
    pub(super) fn expire(&mut self) {
        self.iterator = None;
        if self.place == Place::Latest {
            self.place = Place::Horizon;
            self.only_since = true;
        }
    }
}

/// All shards that matter.
#[derive(Clone, Debug)]
pub(super) struct Shards {
    known: BTreeMap<String, Shard>,
    has_news: bool,
}

impl Shards {
    /// Those of a first list: all from their beginnings, or from now on those without children.
    pub(super) fn new(listed: Vec<Listed>, from_beginning: bool) -> Self {
        let parents: Vec<String> = listed.iter().filter_map(|it| it.parent.clone()).collect();
        let shards = listed.into_iter().map(|it| {
            let shard = Shard {
                parent: it.parent,
                place: match from_beginning {
                    true => Place::Horizon,
                    false => Place::Latest,
                },
                iterator: None,
                only_since: from_beginning,
                // Whether a sequence number ends it says nothing: some servers say one of each.
                is_over: !from_beginning && parents.contains(&it.id),
            };
            (it.id, shard)
        });
        Self {
            known: shards.collect(),
            has_news: false,
        }
    }

    /// Takes what a later list brings: new ones are read from their beginnings; those that are over
    /// and not listed any more are forgotten.
    pub(super) fn update(&mut self, listed: Vec<Listed>) {
        self.has_news = false;
        self.known
            .retain(|id, shard| !shard.is_over || listed.iter().any(|it| it.id == *id));
        for it in listed {
            self.known.entry(it.id).or_insert(Shard {
                parent: it.parent,
                place: Place::Horizon,
                iterator: None,
                only_since: false,
                is_over: false,
            });
        }
    }

    /// Those that are to be read now: none before its parent is over.
    pub(super) fn readable(&self) -> Vec<String> {
        let waits = |shard: &Shard| {
            let parent = shard.parent.as_ref().and_then(|id| self.known.get(id));
            parent.is_some_and(|parent| !parent.is_over)
        };
        let shards = self.known.iter();
        shards
            .filter(|(_, shard)| !shard.is_over && !waits(shard))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// One of them, while it is read.
    pub(super) fn get(&mut self, id: &str) -> Option<&mut Shard> {
        self.known.get_mut(id).filter(|shard| !shard.is_over)
    }

    /// One is over: others may go on.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(shard) = self.known.get_mut(id) {
            shard.is_over = true;
            shard.iterator = None;
            self.has_news = true;
        }
    }

    /// Whether the shards are to be listed again.
    pub(super) fn has_news(&self) -> bool {
        self.has_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(shards: &[(&str, Option<&str>)]) -> Vec<Listed> {
        let listed = shards.iter().map(|(id, parent)| Listed {
            id: (*id).to_owned(),
            parent: parent.map(ToOwned::to_owned),
        });
        listed.collect()
    }

    #[test]
    fn from_now_on_only_what_goes_on_is_read() {
        let shards = Shards::new(listed(&[("a", None), ("b", Some("a")), ("c", None)]), false);
        assert_eq!(shards.readable(), ["b", "c"]);
        assert_eq!(shards.known["b"].place, Place::Latest);
    }

    #[test]
    fn no_child_is_read_before_its_parent_is_over() {
        let mut shards = Shards::new(listed(&[("a", None), ("b", Some("a"))]), true);
        assert_eq!(shards.readable(), ["a"]);
        shards.end("a");
        assert!(shards.has_news());
        assert_eq!(shards.readable(), ["b"]);
        shards.update(listed(&[("a", None), ("b", Some("a")), ("c", Some("b"))]));
        assert_eq!(shards.readable(), ["b"]);
        assert_eq!(shards.known["c"].place, Place::Horizon);
    }

    #[test]
    fn a_shard_whose_parent_is_forgotten_is_read() {
        let shards = Shards::new(listed(&[("b", Some("a"))]), true);
        assert_eq!(shards.readable(), ["b"]);
    }

    #[test]
    fn what_is_over_is_forgotten_with_the_service_and_what_is_not_is_kept() {
        let mut shards = Shards::new(listed(&[("a", None), ("b", None)]), true);
        shards.end("a");
        shards.update(listed(&[("c", Some("a"))]));
        assert_eq!(shards.readable(), ["b", "c"]);
        assert_eq!(shards.known.len(), 2);
    }

    #[test]
    fn an_iterator_that_expired_before_anything_came_loses_nothing() {
        let mut shards = Shards::new(listed(&[("a", None)]), false);
        let shard = shards.get("a").unwrap();
        shard.expire();
        assert_eq!((&shard.place, shard.only_since), (&Place::Horizon, true));
        shard.place = Place::After("7".to_owned());
        shard.expire();
        assert_eq!(shard.place, Place::After("7".to_owned()));
    }
}
