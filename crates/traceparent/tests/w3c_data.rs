//! What the official test suite sends, against the labels of its reference parser.

use serde_json::Value;
use traceparent::{
    TraceParent,
    tracestate::{Error, TraceState},
};

#[test]
fn agrees_with_the_reference_parser() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("data/w3c-test-data.json")).unwrap();
    assert_eq!(rows.len(), 83);
    let (mut parents, mut states) = (0, 0);
    for (number, row) in rows.iter().enumerate() {
        let parent = match values(row, "traceparent").as_slice() {
            [value] => TraceParent::parse(value.as_bytes()).ok(),
            _ => None,
        };
        assert_eq!(
            parent.is_some(),
            row["is_traceparent_valid"] == true,
            "row {number}: {row}"
        );
        parents += usize::from(parent.is_some());

        let Some(label) = row.get("is_tracestate_valid") else {
            continue;
        };
        let mut buffer = [0; 8192];
        let state = TraceState::join(values(row, "tracestate"), &mut buffer);
        if number == 72 {
            // The reference parser lets 33 members pass, the suite itself does not.
            assert_eq!(state.unwrap_err(), Error::TooManyMembers);
        } else {
            assert_eq!(state.is_ok(), label == true, "row {number}: {row}");
        }
        states += 1;
    }
    assert_eq!((parents, states), (52, 36));
}

/// The values of a header, as an HTTP parser hands them over: white space stripped at both ends.
fn values<'a>(row: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = row["headers"].as_array().unwrap();
    let named = headers
        .iter()
        .filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
    named
        .map(|header| header[1].as_str().unwrap().trim_matches([' ', '\t']))
        .collect()
}
