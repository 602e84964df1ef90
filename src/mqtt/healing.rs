//! Puts `online` back when somebody else takes it away.

use std::time::Duration;

use tokio::time::Instant;

/// Puts `online` back when somebody (mostly the last will of our previous connection) says `offline` in our name.
#[derive(Debug, Default)]
pub(super) struct Healing {
    pub(super) due: Option<Instant>,
    healed_at: Option<Instant>,
    warned: bool,
}

impl Healing {
    /// Heals at once, but two bridges with one base topic must not race each other.
    pub(super) fn saw_offline(&mut self, now: Instant, pause: Duration) {
        let earliest = self.healed_at.map_or(now, |healed_at| healed_at + pause);
        if earliest > now && !self.warned {
            self.warned = true;
            tracing::warn!(
                "somebody else says that this bridge is offline: is there another with this mqtt.base_topic?"
            );
        }
        self.due = Some(earliest.max(now));
    }

    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.healed_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heals_at_once_and_then_not_too_often() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let pause = Duration::from_secs(30);
        let mut healing = Healing::default();
        assert!(!healing.is_due(at(0)));
        healing.saw_offline(at(1), pause);
        assert!(healing.is_due(at(1)) && !healing.is_due(at(1)) && !healing.warned);
        healing.saw_offline(at(2), pause);
        healing.saw_offline(at(3), pause);
        assert!(healing.warned && !healing.is_due(at(30)) && healing.is_due(at(31)));
    }
}
