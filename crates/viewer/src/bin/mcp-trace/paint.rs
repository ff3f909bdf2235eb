//! What may go to a terminal.

use std::io::{self, IsTerminal};

use mcp_trace::Text;

/// Longer names are cut.
const NAME: usize = 200;

/// Colours for terminals, nothing for files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// As standard output and [`NO_COLOR`](https://no-color.org) want it.
    pub(crate) fn from_environment() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(io::stdout().is_terminal() && !no_color)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// What a stranger wrote, in one short line that no terminal takes for a command.
pub(crate) fn clean(text: &str) -> Text {
    Text::bounded(text, NAME)
}

/// JSON that no terminal takes for a command: the same values, with more of them escaped.
pub(crate) fn clean_json(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    for c in json.chars() {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        // The text of JSON is ASCII outside of strings.
        if c == '\n' || Text::bounded(text, text.len()).as_str() == text {
            clean.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            clean.push_str(&format!("\\u{unit:04x}"));
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        let evil = "a\u{1b}[31m\u{202e}b\u{7f}\u{9b}\nc";
        assert_eq!(
            clean(evil).as_str(),
            "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{fffd}\u{fffd}c"
        );
    }

    #[test]
    fn json_keeps_its_values() {
        let evil = "a\u{1b}\u{202e}\u{7f}\u{9b}\u{e0041}é😀\n\"";
        let json = serde_json::to_string(evil).unwrap();
        let clean = clean_json(&json);
        assert!(
            clean.is_ascii()
                || clean
                    .chars()
                    .all(|c| c.is_alphanumeric() || c > '\u{1f000}' || c.is_ascii())
        );
        for bad in ['\u{1b}', '\u{202e}', '\u{7f}', '\u{9b}'] {
            assert!(!clean.contains(bad), "{clean:?}");
        }
        assert!(clean.contains("é😀"));
        assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), evil);
    }
}
