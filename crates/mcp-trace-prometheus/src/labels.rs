//! Attributes as labels.

use mcp_trace::AttributeVisitor;

/// The labels of a series as they are written: `mcp_method_name="ping",...`
#[derive(Debug, Default)]
pub(crate) struct Labels(pub(crate) String);

impl Labels {
    fn begin(&mut self, key: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0
            .extend(key.chars().map(|c| if c == '.' { '_' } else { c }));
        self.0.push_str("=\"");
    }

    fn push(&mut self, key: &str, value: &str) {
        self.begin(key);
        for c in value.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                other => self.0.push(other),
            }
        }
        self.0.push('"');
    }
}

impl AttributeVisitor for Labels {
    fn text(&mut self, key: &str, value: &str) {
        self.push(key, value);
    }

    fn int(&mut self, key: &str, value: i64) {
        self.push(key, &value.to_string());
    }

    fn float(&mut self, key: &str, value: f64) {
        self.push(key, &value.to_string());
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.push(key, &value.to_string());
    }
}
