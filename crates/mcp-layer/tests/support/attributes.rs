//! What a span says, by name.

use std::collections::BTreeMap;

use mcp_trace::{AttributeVisitor, SpanRecord};

/// A span's attributes as strings; the type is part of the text.
pub fn attributes(span: &SpanRecord) -> BTreeMap<String, String> {
    struct All(BTreeMap<String, String>);
    impl All {
        fn put(&mut self, key: &str, value: String) {
            assert_eq!(
                self.0.insert(key.to_owned(), value),
                None,
                "{key} comes twice"
            );
        }
    }
    impl AttributeVisitor for All {
        fn text(&mut self, key: &str, value: &str) {
            self.put(key, value.to_owned());
        }
        fn int(&mut self, key: &str, value: i64) {
            self.put(key, format!("int {value}"));
        }
        fn float(&mut self, key: &str, value: f64) {
            self.put(key, format!("float {value}"));
        }
        fn bool(&mut self, key: &str, value: bool) {
            self.put(key, format!("bool {value}"));
        }
    }
    let mut all = All(BTreeMap::new());
    span.visit_attributes(&mut all);
    all.0
}
