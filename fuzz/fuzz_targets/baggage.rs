//! Reading `baggage` agrees with the slow rules, and what is written reads back the same.
#![no_main]

#[path = "../../crates/traceparent/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use traceparent::baggage::{Baggage, Member, Property, Writer};

fuzz_target!(|data: &[u8]| {
    read(data);
    write(&String::from_utf8_lossy(data));
});

fn read(data: &[u8]) {
    let expected = oracle::baggage(data);
    let Ok(baggage) = Baggage::parse(data) else {
        assert_eq!(expected, None);
        return;
    };
    assert_eq!(Some(owned(baggage)), expected);

    // A copy has the white space taken out, so that it fits wherever the original did.
    let mut buffer = vec![0; data.len()];
    let mut writer = Writer::new(&mut buffer);
    for member in baggage {
        writer.copy(&member).expect("room for a member");
    }
    let copied = writer.finish();
    let again = Baggage::parse(copied.as_str()).expect("a valid copy");
    assert_eq!(Some(owned(again)), expected);
}

/// Writes lines of text as keys, values and properties in turn.
fn write(text: &str) {
    let mut buffer = [0; 300];
    let mut writer = Writer::new(&mut buffer);
    let mut written = Vec::new();
    let lines: Vec<&str> = text.split('\n').collect();
    for line in lines.chunks_exact(4) {
        let property = (line[2], (line[3] != "-").then_some(line[3]));
        if writer.push_with(line[0], line[1], [property]).is_ok() {
            let property = (property.0.to_owned(), property.1.map(str::to_owned));
            written.push((line[0].to_owned(), line[1].to_owned(), vec![property]));
        }
    }
    let value = writer.finish();
    assert_eq!(
        owned(Baggage::parse(value.as_str()).expect("a valid value")),
        written
    );
}

fn owned(baggage: Baggage<'_>) -> Vec<oracle::BaggageMember> {
    let property = |property: Property<'_>| {
        (
            property.key.to_owned(),
            property.value.map(|value| value.to_string()),
        )
    };
    let member = |member: Member<'_>| {
        let properties = member.properties.map(property).collect();
        (member.key.to_owned(), member.value.to_string(), properties)
    };
    baggage.iter().map(member).collect()
}
