use serde_json::Value;

/// One of a closed set of versioned event types.
pub trait Fact: Sized {
    /// Every type of the set, with its current version, in the order of declaration.
    const TYPES: &'static [(&'static str, u16)];

    /// The type's name without its `usher.` prefix, in the past tense: `signed_in`.
    fn name(&self) -> &'static str;

    /// The version that [`Fact::to_data`] writes.
    fn version(&self) -> u16;

    /// The event's own values, as the wire and the log carry them.
    fn to_data(&self) -> Value;

    /// Reads the current version of the named type; `None` if the set has no such type, and the
    /// inner error if the values are not of its shape.
    ///
    /// The error's text may quote a value: it is for tests, never for a log.
    fn from_data(name: &str, data: Value) -> Option<Result<Self, serde_json::Error>>;
}

/// Declares a closed set of facts as an enum of structs, and reads and writes it by name.
macro_rules! facts {
    ($(#[$doc:meta])* $set:ident { $($(#[$vdoc:meta])* $name:literal $version:literal => $event:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $set {
            $($(#[$vdoc])* $event($event),)+
        }

        impl $crate::Fact for $set {
            const TYPES: &'static [(&'static str, u16)] = &[$(($name, $version)),+];

            fn name(&self) -> &'static str {
                match self { $(Self::$event(_) => $name,)+ }
            }

            fn version(&self) -> u16 {
                match self { $(Self::$event(_) => $version,)+ }
            }

            fn to_data(&self) -> serde_json::Value {
                match self {
                    $(Self::$event(event) => serde_json::to_value(event)
                        .expect("events have text keys and finite numbers, so they are always JSON"),)+
                }
            }

            fn from_data(name: &str, data: serde_json::Value) -> Option<Result<Self, serde_json::Error>> {
                match name {
                    $($name => Some(serde_json::from_value(data).map(Self::$event)),)+
                    _ => None,
                }
            }
        }

        $(impl From<$event> for $set {
            fn from(event: $event) -> Self {
                Self::$event(event)
            }
        })+

        #[cfg(feature = "schema")]
        impl $set {
            /// The JSON Schema of each type's `data`, by name and version.
            pub fn schemas() -> Vec<(&'static str, u16, schemars::Schema)> {
                vec![$(($name, $version, schemars::schema_for!($event))),+]
            }
        }
    };
}

pub(crate) use facts;
