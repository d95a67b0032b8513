//! Templates that owners of a policy write: compiled once, held to their values, and bounded.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use std::collections::BTreeSet;
use std::fmt;

/// What one rendering may use up: a step, or 64 bytes made, costs one. The longest mail that Cognito
/// takes costs some hundreds; a loop that would take seconds is cut off here.
const FUEL: u64 = 10_000;

/// What the names of templates end in whose values are escaped for HTML.
pub const HTML: &str = ".html";

/// Templates by name.
pub struct Templates(Environment<'static>);

/// A template is not one, or asks for what cannot be done with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line in the template, from 1, where there is one.
    pub line: Option<usize>,
    /// What kind of thing is wrong. Names nothing of template or values.
    pub kind: String,
    /// What is wrong. Names what the template says, and no value but a check's own sample.
    pub problem: String,
}

impl Templates {
    /// No templates. A name that has no value is an error, not an empty place.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(HTML) {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        Self(environment)
    }

    /// Compiles a template.
    pub fn add(&mut self, name: String, source: String) -> Result<(), Broken> {
        let added = self.0.add_template_owned(name, source);
        added.map_err(|error| Broken::of(&error))
    }

    /// Renders a template that was added.
    pub fn render(&self, name: &str, values: &Value) -> Result<String, Broken> {
        let rendered = self.0.get_template(name);
        let rendered = rendered.and_then(|template| template.render(values));
        rendered.map_err(|error| Broken::of(&error))
    }

    /// Everything that a template may ever look up, members with a dot: `brand.team`.
    pub fn asked(&self, name: &str) -> BTreeSet<String> {
        let functions: BTreeSet<&str> = self.0.globals().map(|(name, _)| name).collect();
        let asked = self.0.get_template(name);
        let asked = asked.map(|template| template.undeclared_variables(true));
        let asked = asked.unwrap_or_default().into_iter();
        asked
            .filter(|asked| !functions.contains(asked.as_str()))
            .collect()
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.templates().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

impl Broken {
    fn of(error: &minijinja::Error) -> Self {
        let kind = error.kind().to_string();
        let problem = match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.clone(),
        };
        Self {
            line: error.line(),
            kind,
            problem,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line} of it: ")?;
        }
        f.write_str(&self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn templates(source: &str) -> Result<Templates, Broken> {
        let mut templates = Templates::new();
        for name in ["plain", "page.html"] {
            templates.add(name.to_owned(), source.to_owned())?;
        }
        Ok(templates)
    }

    #[test]
    fn values_are_escaped_in_html_alone() {
        let templates = templates("{{ name }}").unwrap();
        let values = context! { name => "<b>&" };
        assert_eq!(templates.render("plain", &values).unwrap(), "<b>&");
        assert_eq!(
            templates.render("page.html", &values).unwrap(),
            "&lt;b&gt;&amp;"
        );
    }

    #[test]
    fn everything_that_may_be_asked_for_is_known_and_functions_are_not_asked_for() {
        let templates =
            templates("{% if a %}{{ b.c }}{% endif %}{% for x in range(2) %}{{ x }}{% endfor %}");
        let asked = templates.unwrap().asked("plain");
        assert_eq!(asked.iter().collect::<Vec<_>>(), ["a", "b.c"]);
    }

    #[test]
    fn what_is_no_template_says_where() {
        let broken = templates("one\n{{ two ").unwrap_err();
        assert_eq!(broken.line, Some(2));
        assert!(broken.to_string().starts_with("line 2 of it: syntax error"));
    }

    #[test]
    fn a_name_without_a_value_and_work_without_end_are_errors() {
        for source in [
            "{{ nobody }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
            "{% set x = 'x' * 9999999 %}{{ x }}{{ x }}",
        ] {
            let templates = templates(source).unwrap();
            assert!(templates.render("plain", &context! {}).is_err(), "{source}");
        }
    }
}
