use super::*;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(filter: &str, act: impl FnOnce()) -> String {
    let written = Written::default();
    let writer = written.clone();
    tracing::subscriber::with_default(json(filter, move || writer.clone()).unwrap(), act);
    written.text()
}

#[test]
fn a_line_is_one_object_with_its_fields_beside_the_message() {
    let text = logged("info", || {
        let span = tracing::info_span!(target: "usher_worker", "invocation", request = "r");
        let _inside = span.enter();
        tracing::info!(target: "usher_worker", { user.id = "3f0c", duration_ms = 7 }, "Answered");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["message"], "Answered");
    assert_eq!(
        (line["user.id"].as_str(), line["duration_ms"].as_u64()),
        (Some("3f0c"), Some(7))
    );
    assert_eq!(line["level"], "INFO");
    assert_eq!(
        (
            line["spans"][0]["name"].as_str(),
            line["spans"][0]["request"].as_str()
        ),
        (Some("invocation"), Some("r"))
    );
    assert!(text.ends_with("}\n"));
}

#[test]
fn no_filter_makes_a_library_speak() {
    for filter in [
        "trace",
        "aws_smithy_runtime::client=trace",
        "hyper=debug,usher_shared=trace",
    ] {
        let text = logged(filter, || {
            tracing::debug!(target: "aws_smithy_runtime::client", "ada@example.com");
            tracing::info!(target: "hyper::proto", "ada@example.com");
            tracing::trace!(target: "rustls", "ada@example.com");
            tracing::debug!(target: "lambda_runtime", "ada@example.com");
            tracing::debug!(target: "usherette", "ada@example.com");
        });
        assert_eq!(text, "", "{filter}");
    }
    let text = logged("trace", || {
        tracing::trace!(target: "usher_trigger::handle", "ours");
        tracing::trace!(target: "usher", "ours");
        tracing::warn!(target: "hyper", "theirs");
    });
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn a_filter_that_is_none_is_an_error() {
    assert_eq!(
        init("usher=loud", Format::Json),
        Err(TelemetryError::BadFilter)
    );
}

#[test]
fn a_panic_says_where_and_not_what() {
    let text = logged("info", || {
        panic::set_hook(Box::new(|panic| report(panic, Format::Json)));
        let _ = panic::catch_unwind(|| panic!("ada@example.com"));
        drop(panic::take_hook());
    });
    assert!(
        text.contains("panic.location") && text.contains("tests.rs"),
        "{text}"
    );
    assert!(!text.contains("ada@"), "{text}");
}
