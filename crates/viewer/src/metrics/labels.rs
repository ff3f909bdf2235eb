//! Labels of a series, as they are written.

/// Longer values are cut, as Rastir's collector cuts them.
const MAX_VALUE: usize = 128;

/// `service="a",env="b"`
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Labels(String);

impl Labels {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(160))
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0
            .extend(key.chars().map(|c| if c == '.' { '_' } else { c }));
        self.0.push_str("=\"");
        for c in value.chars().take(MAX_VALUE) {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                other => self.0.push(other),
            }
        }
        self.0.push('"');
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
