use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error for work on many; nothing where that is no terminal.
pub fn bar(count: usize, what: &'static str) -> ProgressBar {
    let bar = if count > 1 {
        ProgressBar::new(count as u64)
    } else {
        ProgressBar::hidden()
    };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.with_style(style.expect("the template is one"))
        .with_message(what)
}
