//! What the bridge has still to be told of the connection: each change once, and in order.

/// What the link tells the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The broker is there, and thinks us offline: all state is wanted again, and then [`Outbox::greet`](super::Outbox::greet).
    Connected,
    /// The broker sends what it has retained, from now on and in a moment.
    Listening,
    /// The broker that was there is not any more.
    Away,
    /// A message to one of the plan's filters.
    Message {
        /// Its topic.
        topic: String,
        /// Its payload.
        payload: Vec<u8>,
        /// Whether it was published to stay: never a command.
        retained: bool,
    },
}

/// What is notices.
#[derive(Debug, Default)]
pub(super) struct PendingNotices {
    /// Whether the bridge has been told that we are connected, and not yet that we are not any more.
    told: bool,
    connected: bool,
    listening: bool,
}

impl PendingNotices {
    /// Notes that the connection stands.
    pub(super) fn up(&mut self) {
        self.connected = true;
    }

    /// Notes that the broker sends what it has retained.
    pub(super) fn listening(&mut self) {
        self.listening = true;
    }

    /// Notes that the connection is gone.
    pub(super) fn lost(&mut self) {
        (self.connected, self.listening) = (false, false);
    }

    /// Returns `true` if the bridge does not yet know that the connection stands.
    pub(super) fn is_connection_untold(&self) -> bool {
        self.connected
    }

    /// Returns what is to be told next, given whether the connection stands.
    pub(super) fn next(&self, is_up: bool) -> Option<Notice> {
        if self.told && (self.connected || !is_up) {
            return Some(Notice::Away);
        }
        let connected = self.connected.then_some(Notice::Connected);
        connected.or(self.listening.then_some(Notice::Listening))
    }

    /// Notes that this was told.
    pub(super) fn told(&mut self, news: &Notice) {
        match news {
            Notice::Away => self.told = false,
            Notice::Connected => (self.told, self.connected) = (true, false),
            Notice::Listening => self.listening = false,
            Notice::Message { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(notices: &mut PendingNotices, is_up: bool) -> Vec<Notice> {
        let next = || notices.next(is_up).inspect(|news| notices.told(news));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_change_is_told_once_and_in_order() {
        let mut notices = PendingNotices::default();
        assert_eq!(all(&mut notices, false), []);
        notices.up();
        notices.listening();
        assert_eq!(all(&mut notices, true), [Notice::Connected, Notice::Listening]);
        notices.lost();
        notices.up();
        assert!(notices.is_connection_untold());
        assert_eq!(all(&mut notices, true), [Notice::Away, Notice::Connected]);
        notices.lost();
        assert_eq!(all(&mut notices, false), [Notice::Away]);
        // one that was never told of
        notices.up();
        notices.lost();
        assert_eq!(all(&mut notices, false), []);
    }
}
