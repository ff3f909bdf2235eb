//! When the next attempt may be made: a pure function of time and what the receiver said.

use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use rand::{Rng, rngs::SmallRng};

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);
const PROBE: Duration = Duration::from_secs(60);
/// `FIRST` doubled so often exceeds `LONGEST`.
const TOP: u32 = 7;

/// Exponential backoff with full jitter, which a success halves.
///
/// One per destination: a receiver in trouble sees one attempt at a time, however many
/// batches wait.
#[derive(Debug)]
pub(crate) struct Pace {
    level: u32,
    not_before: Option<Instant>,
    /// Whether the receiver itself said when.
    ordered: bool,
    random: SmallRng,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self::with_random(rand::make_rng())
    }

    fn with_random(random: SmallRng) -> Self {
        Self {
            level: 0,
            not_before: None,
            ordered: false,
            random,
        }
    }

    /// Whether the last attempts failed.
    pub(crate) fn is_backing_off(&self) -> bool {
        self.level > 0
    }

    /// When the next attempt may be made, if not now.
    pub(crate) fn not_before(&self, now: Instant) -> Option<Instant> {
        self.not_before.filter(|at| *at > now)
    }

    pub(crate) fn success(&mut self) {
        self.level /= 2;
        self.not_before = None;
        self.ordered = false;
    }

    /// The attempt failed; `retry_after` is what the receiver asked for.
    pub(crate) fn failure(&mut self, now: Instant, retry_after: Option<Duration>) {
        let ceiling = FIRST.saturating_mul(1 << self.level).min(LONGEST);
        self.level = (self.level + 1).min(TOP);
        let wait = self.fraction_of(ceiling);
        let asked = retry_after.map(|asked| asked.min(LONGEST_RETRY_AFTER));
        self.ordered = asked.is_some_and(|asked| asked >= wait);
        self.not_before = now.checked_add(wait.max(asked.unwrap_or_default()));
    }

    /// The receiver does not know us: look again now and then.
    pub(crate) fn unauthorized(&mut self, now: Instant) {
        self.level = self.level.max(1);
        self.ordered = false;
        self.not_before = now.checked_add(PROBE);
    }

    /// Tries at once, unless the receiver itself asked to wait: for a flush and at shutdown.
    pub(crate) fn hurry(&mut self) {
        if !self.ordered {
            self.not_before = None;
        }
    }

    /// A random part of `whole`.
    pub(crate) fn fraction_of(&mut self, whole: Duration) -> Duration {
        // 32 random bits are enough to spread processes.
        let random = self.random.next_u32();
        Duration::from_nanos(
            ((whole.as_nanos() * u128::from(random)) >> 32)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds or a date. Anything else, and a
/// date that has passed, counts as absent; of several values the longest holds.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let wait = |value: &http::HeaderValue| {
        let text = value.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // More digits than fit: as long as we ever wait.
            return Some(
                text.parse()
                    .map_or(LONGEST_RETRY_AFTER, Duration::from_secs),
            );
        }
        httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .ok()
    };
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(wait)
        .max()
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use http::HeaderMap;
    use rand::{SeedableRng, rngs::SmallRng};

    use super::{Pace, retry_after};

    #[test]
    fn a_minute_of_refusals_sees_about_ten_attempts() {
        let start = Instant::now();
        let attempts: Vec<u32> = (0..1000)
            .map(|seed| {
                let mut pace = Pace::with_random(SmallRng::seed_from_u64(seed));
                let (mut now, mut attempts) = (start, 0);
                while now < start + Duration::from_secs(60) {
                    attempts += 1;
                    pace.failure(now, None);
                    now = pace.not_before(now).unwrap_or(now);
                }
                attempts
            })
            .collect();
        let mean = f64::from(attempts.iter().sum::<u32>()) / 1000.0;
        assert!((7.0..=11.0).contains(&mean), "{mean}");
        assert!(
            attempts.iter().all(|n| *n <= 20),
            "{:?}",
            attempts.iter().max()
        );
    }

    #[test]
    fn a_success_halves_the_level() {
        let mut pace = Pace::with_random(SmallRng::seed_from_u64(1));
        let now = Instant::now();
        for _ in 0..20 {
            pace.failure(now, None);
            assert!(
                pace.not_before(now)
                    .is_none_or(|at| at <= now + Duration::from_secs(30))
            );
        }
        for level in [3, 1, 0] {
            pace.success();
            assert_eq!(pace.level, level);
            assert_eq!(pace.not_before(now), None);
        }
        assert!(!pace.is_backing_off());
    }

    #[test]
    fn retry_after_is_kept_but_not_for_ever() {
        let now = Instant::now();
        for (asked, least, most) in [(2, 2, 30), (120, 120, 120), (1_000_000_000, 300, 300)] {
            let mut pace = Pace::new();
            pace.failure(now, Some(Duration::from_secs(asked)));
            let wait = pace.not_before(now).unwrap() - now;
            assert!(
                (least..=most).contains(&wait.as_secs()),
                "{asked}: {wait:?}"
            );
            pace.hurry();
            assert!(
                pace.not_before(now).is_some(),
                "a receiver that says when is not hurried"
            );
        }
        let mut pace = Pace::new();
        pace.failure(now, None);
        pace.hurry();
        assert_eq!(pace.not_before(now), None);
    }

    #[test]
    fn retry_after_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let date = |offset: i64| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs((1_000_000_000 + offset) as u64);
            httpdate::fmt_http_date(at)
        };
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("retry-after", value.parse().unwrap());
            }
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["2"]), Some(2));
        assert_eq!(read(&["0"]), None);
        assert_eq!(read(&["-1"]), None);
        assert_eq!(read(&["abc"]), None);
        assert_eq!(read(&["99999999999999999999999"]), Some(300));
        assert_eq!(read(&[&date(90)]), Some(90));
        assert_eq!(read(&[&date(-90)]), None);
        assert_eq!(read(&["1", "7"]), Some(7));
    }
}
