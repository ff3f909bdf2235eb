//! Which new traces are recorded.

use std::error::Error;
use std::fmt;

use crate::TraceContext;

/// 2^56: randomness and thresholds are 56-bit numbers.
const RANGE: u64 = 1 << 56;

/// Decides for new traces; a continued trace keeps its caller's decision.
///
/// Consistent: all samplers decide by the same 56 random bits of the trace id, so that a
/// trace kept at a low ratio is kept at every higher one. The threshold goes into the `ot`
/// member of `tracestate` as `th`, as the OpenTelemetry specification
/// ("TraceState: Probability Sampling") says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sampler {
    /// A trace is kept if its randomness is at least this.
    threshold: u64,
}

impl Sampler {
    /// Records every trace.
    pub const ALWAYS: Self = Self { threshold: 0 };
    /// Records no trace.
    pub const NEVER: Self = Self { threshold: RANGE };

    /// Records about `ratio` of all new traces, from 0.0 (none) to 1.0 (all), to a precision
    /// of 2^-56.
    ///
    /// # Errors
    /// If `ratio` is not a number from 0.0 to 1.0.
    pub fn ratio(ratio: f64) -> Result<Self, InvalidRatio> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(InvalidRatio { ratio });
        }
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let kept = (ratio * RANGE as f64) as u64;
        Ok(Self {
            threshold: RANGE - kept.min(RANGE),
        })
    }

    /// Marks a new root as sampled or not.
    pub(crate) fn apply(self, root: TraceContext) -> TraceContext {
        let randomness = (root.trace_id().to_u128() % u128::from(RANGE)) as u64;
        if randomness < self.threshold {
            return root.with_sampled(false);
        }
        let root = root.with_sampled(true);
        if self == Self::ALWAYS {
            return root;
        }
        let digits = format!("{:014x}", self.threshold);
        root.with_valid_tracestate(&format!("ot=th:{}", digits.trim_end_matches('0')))
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::ALWAYS
    }
}

/// A sampling ratio that is not a number from 0.0 to 1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvalidRatio {
    ratio: f64,
}

impl fmt::Display for InvalidRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sampling ratio {} is not a number from 0.0 to 1.0",
            self.ratio
        )
    }
}

impl Error for InvalidRatio {}

#[cfg(test)]
mod tests {
    use super::Sampler;
    use crate::TraceContext;

    fn sampled(sampler: Sampler) -> usize {
        (0..10_000)
            .filter(|_| sampler.apply(TraceContext::new_root()).is_sampled())
            .count()
    }

    #[test]
    fn a_ratio_keeps_its_share() {
        assert_eq!(sampled(Sampler::ALWAYS), 10_000);
        assert_eq!(sampled(Sampler::NEVER), 0);
        let quarter = sampled(Sampler::ratio(0.25).unwrap());
        assert!((2_000..3_000).contains(&quarter), "{quarter}");
    }

    #[test]
    fn a_trace_kept_at_a_low_ratio_is_kept_at_a_higher_one() {
        let (low, high) = (Sampler::ratio(0.1).unwrap(), Sampler::ratio(0.5).unwrap());
        for _ in 0..1_000 {
            let root = TraceContext::new_root();
            assert!(!low.apply(root.clone()).is_sampled() || high.apply(root).is_sampled());
        }
    }

    #[test]
    fn the_threshold_travels_in_tracestate() {
        let half = Sampler::ratio(0.5).unwrap();
        let kept = (0..)
            .map(|_| half.apply(TraceContext::new_root()))
            .find(TraceContext::is_sampled)
            .unwrap();
        assert_eq!(kept.tracestate(), Some("ot=th:8"));
        assert_eq!(
            Sampler::ALWAYS.apply(TraceContext::new_root()).tracestate(),
            None
        );
    }

    #[test]
    fn a_wrong_ratio_is_an_error() {
        for ratio in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Sampler::ratio(ratio).is_err(), "{ratio}");
        }
    }
}
