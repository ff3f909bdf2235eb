//! Names of segment files: what has to be known without reading them.

use std::fmt;

/// `<created, ms since 1970>-<number>-<spans>.spans`, which sorts by age.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Name {
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    /// Tells apart what was made in the same millisecond.
    pub(crate) number: u32,
    pub(crate) spans: u32,
}

impl Name {
    /// Reads a file's name; `None` for files that are none of ours.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".spans")?.split('-');
        let mut part = |len: usize| {
            let digits = parts.next()?;
            (digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
        };
        let created = part(15)?.parse().ok()?;
        let number = part(10)?.parse().ok()?;
        let spans = part(10)?.parse().ok()?;
        parts.next().is_none().then_some(Self {
            created,
            number,
            spans,
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:015}-{:010}-{:010}.spans",
            self.created, self.number, self.spans
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_round_trip_and_sort_by_age() {
        let older = Name {
            created: 999,
            number: 7,
            spans: 512,
        };
        let newer = Name {
            created: 1_795_345_655_488,
            number: 0,
            spans: 1,
        };
        for name in [older, newer] {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
        assert!(older.to_string() < newer.to_string());
        for other in [
            "",
            "x.spans",
            "lock",
            "1-2-3.spans",
            &format!("{older}.tmp"),
            &format!("-{older}"),
        ] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }
}
