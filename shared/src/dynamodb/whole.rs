use aws_sdk_dynamodb::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Takes an answer that says nothing at all for none.
///
/// DynamoDB says `{}` where there is nothing to say. The SDK reads no bytes alike, and so an answer
/// that was lost on the way would say that there is no such user, or that an event was written.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.response().body().bytes() {
            Some([]) => Err("the answer is empty".into()),
            _ => Ok(()),
        }
    }
}
