//! The time by both clocks, mostly for one reading.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

/// How long a reading of both clocks serves. Both go at nearly the same rate, but the wall clock may
/// be set, and the machine may sleep: spans may miss that for so long.
const FRESH: Duration = Duration::from_millis(10);

/// How far apart the two readings may be that belong together: a thread may have to wait between
/// them.
const TOGETHER: Duration = Duration::from_micros(10);

thread_local! {
    static READ: Cell<Option<Time>> = const { Cell::new(None) };
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Time {
    pub(crate) wall: SystemTime,
    pub(crate) monotonic: Instant,
}

impl Time {
    /// Now. The wall clock is read only if that was long ago on this thread.
    #[inline]
    pub(crate) fn now() -> Self {
        let now = Instant::now();
        // The slot is gone while the thread is torn down.
        let read = READ.try_with(Cell::get).ok().flatten();
        match read.and_then(|read| read.at(now)) {
            Some(wall) => Self {
                wall,
                monotonic: now,
            },
            None => Self::read(),
        }
    }

    fn read() -> Self {
        let monotonic = Instant::now();
        let wall = SystemTime::now();
        let time = Self { wall, monotonic };
        let serves = monotonic.elapsed() <= TOGETHER;
        let _ = READ.try_with(|read| read.set(serves.then_some(time)));
        time
    }

    /// The wall-clock time at `moment`, if that is not long after this.
    #[inline]
    fn at(self, moment: Instant) -> Option<SystemTime> {
        let since = moment.checked_duration_since(self.monotonic)?;
        (since < FRESH)
            .then(|| self.wall.checked_add(since))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::{FRESH, READ, Time};

    #[test]
    fn a_reading_serves_for_ten_milliseconds() {
        let read = Time {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Instant::now(),
        };
        let after = |time| read.at(read.monotonic + time);
        for time in [Duration::ZERO, Duration::from_nanos(1), FRESH / 2] {
            assert_eq!(after(time), Some(SystemTime::UNIX_EPOCH + time));
        }
        assert_eq!(after(FRESH), None);
        // By more than the clock of any system may seem to go back.
        assert_eq!(read.at(read.monotonic - Duration::from_micros(1)), None);
    }

    #[test]
    fn a_wall_clock_that_is_set_is_seen() {
        let set = Time {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Instant::now(),
        };
        READ.set(Some(set));
        let is_set = |time: Time| time.wall < SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
        // Unless the thread had to wait.
        assert!(is_set(Time::now()) || set.monotonic.elapsed() >= FRESH);
        std::thread::sleep(FRESH);
        assert!(!is_set(Time::now()));
    }

    #[test]
    fn the_clocks_agree() {
        for _ in 0..100_000 {
            let before = Instant::now();
            let time = Time::now();
            assert!((before..=Instant::now()).contains(&time.monotonic));
            let wall = SystemTime::now();
            let apart = wall
                .duration_since(time.wall)
                .unwrap_or_else(|e| e.duration());
            assert!(
                apart <= time.monotonic.elapsed() + Duration::from_millis(1),
                "{apart:?}"
            );
        }
    }
}
