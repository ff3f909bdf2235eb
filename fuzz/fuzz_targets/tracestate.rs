//! Reading, changing and truncating a `tracestate` agrees with the slow rules.
#![no_main]

#[path = "../../crates/traceparent/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use traceparent::tracestate::TraceState;

fuzz_target!(|data: &[u8]| {
    // Two bytes for the limit, a line for the key, the rest is the header, a value per line.
    let Some(([low, high], data)) = data.split_first_chunk() else {
        return;
    };
    let limit = usize::from(u16::from_le_bytes([*low, *high])) % 2048;
    let mut lines = data.split(|byte| *byte == b'\n');
    let key = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let values: Vec<&[u8]> = lines.collect();
    let joined = values.join(&b","[..]);

    let mut buffer = vec![0; joined.len()];
    let parsed = TraceState::join(&values, &mut buffer);
    let alone = TraceState::parse(&joined);
    assert_eq!(
        parsed.map(|state| state.as_str().to_owned()),
        alone.map(|state| state.as_str().to_owned())
    );
    let expected = oracle::tracestate(&joined);
    let Ok(state) = alone else {
        assert_eq!(expected, None);
        return;
    };
    let members = expected.expect("a valid list");
    let found = state
        .iter()
        .map(|member| (member.key.to_owned(), member.value.to_owned()));
    assert!(found.eq(members.iter().cloned()));
    assert_eq!(state.len(), members.len());
    let first = members
        .iter()
        .find(|member| member.0 == key)
        .map(|member| member.1.as_str());
    assert_eq!(state.get(&key), first);

    let mut buffer = vec![0; limit];
    assert_eq!(
        state.truncate(&mut buffer).as_str(),
        oracle::truncate(members.clone(), limit)
    );
    let mut others = members;
    others.retain(|member| member.0 != key);
    let removed = state.remove(&key, &mut buffer);
    assert_eq!(removed.as_str(), oracle::truncate(others.clone(), limit));
    let valid = oracle::tracestate(format!("{key}=new").as_bytes())
        .is_some_and(|members| members == [(key.clone(), "new".to_owned())]);
    match state.upsert(&key, "new", &mut buffer) {
        Ok(changed) => {
            assert!(valid);
            others.insert(0, (key, "new".to_owned()));
            assert_eq!(changed.as_str(), oracle::truncate(others, limit));
            assert!(TraceState::parse(changed.as_str()).is_ok());
        }
        Err(_) => assert!(!valid),
    }
});
