//! What the bridge has still to be told of the connection: each change once, and in order.

use super::link::Heard;

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Whether the bridge has been told that we are connected, and not yet that we are not any more.
    told: bool,
    connected: bool,
    listening: bool,
}

impl Owed {
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

    /// Says whether the bridge does not yet know that the connection stands.
    pub(super) fn is_connected_owed(&self) -> bool {
        self.connected
    }

    /// Returns what is to be told next, given whether the connection stands.
    pub(super) fn next(&self, is_up: bool) -> Option<Heard> {
        if self.told && (self.connected || !is_up) {
            return Some(Heard::Away);
        }
        let connected = self.connected.then_some(Heard::Connected);
        connected.or(self.listening.then_some(Heard::Listening))
    }

    /// Notes that this was told.
    pub(super) fn told(&mut self, news: &Heard) {
        match news {
            Heard::Away => self.told = false,
            Heard::Connected => (self.told, self.connected) = (true, false),
            Heard::Listening => self.listening = false,
            Heard::Message { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(owed: &mut Owed, is_up: bool) -> Vec<Heard> {
        let next = || owed.next(is_up).inspect(|news| owed.told(news));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_change_is_told_once_and_in_order() {
        let mut owed = Owed::default();
        assert_eq!(all(&mut owed, false), []);
        owed.up();
        owed.listening();
        assert_eq!(all(&mut owed, true), [Heard::Connected, Heard::Listening]);
        owed.lost();
        owed.up();
        assert!(owed.is_connected_owed());
        assert_eq!(all(&mut owed, true), [Heard::Away, Heard::Connected]);
        owed.lost();
        assert_eq!(all(&mut owed, false), [Heard::Away]);
        // one that was never told of
        owed.up();
        owed.lost();
        assert_eq!(all(&mut owed, false), []);
    }
}
