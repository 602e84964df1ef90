//! Between the socket and rumqttc: passes on what a broker sends, in a form that rumqttc takes; see `sieve`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::dial::of_error;
use super::reason::Reason;
use super::sieve::{End, Sieve};

/// A connection to a broker.
pub(super) struct Wire<S> {
    stream: Option<S>,
    sieve: Sieve,
    /// When the broker has to have said something, until it has.
    patience: Duration,
    silent_until: Option<Pin<Box<Sleep>>>,
    /// rumqttc reads on while there is something, and forgets what came in one go with the end: an acknowledgement, mostly.
    pause_before_end: bool,
    parting: Option<oneshot::Sender<S>>,
}

impl<S> Wire<S> {
    /// `keep_alive` is the longest time between two pings; the stream goes to `parting` in the end.
    pub(super) fn new(
        stream: S,
        patience: Duration,
        keep_alive: u16,
        parting: Option<oneshot::Sender<S>>,
    ) -> Self {
        Self {
            stream: Some(stream),
            sieve: Sieve::new(keep_alive),
            patience,
            silent_until: Some(Box::pin(sleep_until(Instant::now() + patience))),
            pause_before_end: false,
            parting,
        }
    }
}

impl<S> Drop for Wire<S> {
    fn drop(&mut self) {
        if let (Some(parting), Some(stream)) = (self.parting.take(), self.stream.take()) {
            // Nobody there to take it: then it is closed.
            parting.send(stream).ok();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.sieve.hand_on(into) {
                this.pause_before_end = true;
                return Poll::Ready(Ok(()));
            }
            if this.sieve.end.is_some() && std::mem::take(&mut this.pause_before_end) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match this.sieve.end.take() {
                Some(End::Closed) => return Poll::Ready(Ok(())),
                Some(End::Because(reason)) => return Poll::Ready(Err(io::Error::other(reason))),
                None => {}
            }
            ready!(this.poll_broker(context));
        }
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Handles what has come.
    fn poll_broker(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut chunk = [0; 8192];
        let mut chunk = ReadBuf::new(&mut chunk);
        let read = match stream(&mut self.stream) {
            Ok(stream) => Pin::new(stream).poll_read(context, &mut chunk),
            Err(error) => Poll::Ready(Err(error)),
        };
        match read {
            Poll::Ready(Ok(())) if chunk.filled().is_empty() => self.sieve.close(),
            Poll::Ready(Ok(())) => self.sieve.take_in(chunk.filled()),
            Poll::Ready(Err(error)) => {
                self.sieve.end = Some(End::Because(of_error(&error, self.sieve.opened)));
            }
            Poll::Pending => {
                let Some(silent) = &mut self.silent_until else { return Poll::Pending };
                ready!(silent.as_mut().poll(context));
                self.sieve.end = Some(End::Because(Reason::NoAnswer(self.patience)));
            }
        }
        self.silent_until = None;
        Poll::Ready(())
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(stream(&mut self.stream)?).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(stream(&mut self.stream)?).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(stream(&mut self.stream)?).poll_shutdown(context)
    }
}

/// It is there until it is dropped.
fn stream<S>(stream: &mut Option<S>) -> io::Result<&mut S> {
    stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
}
