//! Request body with a deadline, for requests that contain a password.
//!
//! The body is handed to the network once the connection is established, but not after the deadline: a process that was
//! suspended and resumes late must not send a reset that another replica has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use zeroize::Zeroizing;

use crate::base::Clock;

/// Error for a body that was withheld because its deadline had passed.
#[derive(Debug, thiserror::Error)]
#[error("the deadline to send the request has passed")]
pub(super) struct DeadlineExceeded;

/// Request body that can be sent once, before a deadline.
pub(super) struct DeadlineRequestBody {
    bytes: Option<Zeroizing<Vec<u8>>>,
    deadline: Duration,
    clock: Clock,
    sent: BodySentFlag,
}

/// Flag that is set when the body is handed to the network.
#[derive(Clone, Default)]
pub(super) struct BodySentFlag(Arc<AtomicBool>);

impl BodySentFlag {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl DeadlineRequestBody {
    /// Creates a body. The deadline is measured by [`Clock::elapsed`].
    pub(super) fn new(bytes: Vec<u8>, before: Duration, clock: Clock) -> (Self, BodySentFlag) {
        let left = BodySentFlag::default();
        (Self { bytes: Some(Zeroizing::new(bytes)), deadline: before, clock, sent: left.clone() }, left)
    }
}

impl Body for DeadlineRequestBody {
    type Data = Bytes;
    type Error = DeadlineExceeded;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DeadlineExceeded>>> {
        if self.clock.elapsed() >= self.deadline {
            return Poll::Ready(Some(Err(DeadlineExceeded)));
        }
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        self.sent.0.store(true, Ordering::Release);
        // Zeroized when the network has sent and dropped it.
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn poll_body(body: &mut DeadlineRequestBody) -> Option<Result<Bytes, DeadlineExceeded>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => frame.map(|f| f.map(|f| f.into_data().unwrap())),
            Poll::Pending => panic!("it never waits"),
        }
    }

    #[test]
    fn body_before_deadline_is_sent_once() {
        let (mut body, left) = DeadlineRequestBody::new(b"secret".to_vec(), Duration::from_secs(5), Clock::system());
        assert!(!left.is_set());
        assert_eq!(poll_body(&mut body).unwrap().unwrap(), "secret");
        assert!(left.is_set() && poll_body(&mut body).is_none());
    }

    #[test]
    fn body_after_deadline_is_withheld() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let (mut body, left) = DeadlineRequestBody::new(b"secret".to_vec(), Duration::from_secs(5), clock.clone());
        clock.advance(SignedDuration::from_secs(5));
        assert!(poll_body(&mut body).unwrap().is_err());
        assert!(!left.is_set());
    }
}
