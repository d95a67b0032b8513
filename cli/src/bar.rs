//! The bar of what reads a whole table.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error over the items of a table, which are counted now and then alone; nothing
/// where that is no terminal.
pub fn over(items: Option<u64>) -> ProgressBar {
    let (bar, template) = match items {
        Some(items) => (
            ProgressBar::new(items),
            "Reading {wide_bar} {human_pos}/{human_len} items {eta}",
        ),
        None => (
            ProgressBar::no_length(),
            "Reading {spinner} {human_pos} items {elapsed}",
        ),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.expect("the template is one"))
}
