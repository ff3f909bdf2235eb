//! The codec against the slow rules of `oracle`, on values that are valid or nearly so.

mod oracle;

use proptest::{collection::vec, prelude::*, sample::select};
use traceparent::{
    SpanId, TraceFlags, TraceId, TraceParent,
    baggage::{self, Baggage, Writer},
    tracestate::{Error as Invalid, TraceState},
};

/// Bytes of the formats and their neighbours.
const BYTES: &[u8] = b"0189afgAFGz-+ \t,=;%\"\\_*/@~!:`\x00\x1f\x7f\x80\xff\xc3\xa9";

/// A value with up to three bytes replaced, then cut or lengthened.
fn damaged(valid: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let byte = || prop_oneof![select(BYTES), any::<u8>()];
    let change = (any::<prop::sample::Index>(), byte());
    let tail = (0..4_usize, vec(byte(), 0..4));
    (valid, vec(change, 0..4), prop::option::of(tail)).prop_map(|(mut value, changes, tail)| {
        for (at, byte) in changes {
            if !value.is_empty() {
                let at = at.index(value.len());
                value[at] = byte;
            }
        }
        if let Some((cut, more)) = tail {
            value.truncate(value.len().saturating_sub(cut));
            value.extend(more);
        }
        value
    })
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    let version = prop_oneof![Just(0), any::<u8>()];
    (
        version,
        any::<u128>(),
        any::<u64>(),
        any::<u8>(),
        "(-[ -~]{0,5})?",
    )
        .prop_map(|(version, trace_id, parent_id, flags, tail)| {
            let tail = if version == 0 { "" } else { &tail };
            format!("{version:02x}-{trace_id:032x}-{parent_id:016x}-{flags:02x}{tail}").into_bytes()
        })
}

fn state() -> impl Strategy<Value = Vec<u8>> {
    let member = prop_oneof![
        8 => "[ \t]{0,2}[a-d0-9][a-z0-9_*/@-]{0,3}= {0,2}[!-+.-<>-~]{1,140}[ \t]{0,2}",
        1 => "[ \t]{0,2}",
        1 => "[a-d]{250,257}=[a-z]{250,257}",
    ];
    vec(member, 0..36).prop_map(|members| members.join(",").into_bytes())
}

fn bag() -> impl Strategy<Value = Vec<u8>> {
    let value =
        "[ \t]{0,2}(%[0-9a-fA-F]{2}|%[CcEe][0-9a-f]%[89ab][0-9]|[!#-+.-:<-Z]|%){0,12}[ \t]{0,2}";
    let pair = (
        r"[ \t]{0,2}[!#$%&'*+.^_`|~0-9A-Za-z-]{1,6}[ \t]{0,2}",
        value,
    );
    let pair = pair.prop_map(|(key, value)| format!("{key}={value}"));
    let property = prop_oneof![pair.clone(), Just(String::from(" key"))];
    let member = (pair, vec(property, 0..3)).prop_map(|(pair, properties)| {
        properties
            .into_iter()
            .fold(pair, |member, property| member + ";" + &property)
    });
    vec(member, 0..68).prop_map(|members| members.join(",").into_bytes())
}

fn check_traceparent(value: &[u8]) {
    let parsed = TraceParent::parse(value);
    assert_eq!(parsed, TraceParent::parse_const(value));
    let fields = parsed.ok().map(|parent| {
        (
            parent.trace_id().to_u128(),
            parent.parent_id().to_u64(),
            parent.flags().to_u8(),
        )
    });
    assert_eq!(fields, oracle::traceparent(value));
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn traceparent_round_trips(trace_id in 1..=u128::MAX, parent_id in 1..=u64::MAX, flags: u8) {
        let trace_id = TraceId::from_u128(trace_id).unwrap();
        let parent_id = SpanId::from_u64(parent_id).unwrap();
        let flags = TraceFlags::from_u8(flags);
        let parent = TraceParent::new(trace_id, parent_id, flags);
        let value = format!("00-{trace_id}-{parent_id}-{flags}");
        prop_assert_eq!(&parent.to_bytes()[..], value.as_bytes());
        prop_assert_eq!(TraceParent::parse(value.as_bytes()), Ok(parent));
        prop_assert_eq!(TraceParent::parse_const(value.as_bytes()), Ok(parent));
        prop_assert_eq!(trace_id.to_string(), format!("{:032x}", trace_id.to_u128()));
        prop_assert_eq!(parent_id.to_string(), format!("{:016x}", parent_id.to_u64()));
        prop_assert_eq!(trace_id.to_string().parse(), Ok(trace_id));
        prop_assert_eq!(parent_id.to_string().parse(), Ok(parent_id));
    }

    #[test]
    fn traceparent_agrees(value in damaged(header())) {
        check_traceparent(&value);
    }

    #[test]
    fn traceparent_takes_any_bytes(value in vec(any::<u8>(), 0..80)) {
        check_traceparent(&value);
    }

    #[test]
    fn ids_take_any_bytes(value in vec(select(BYTES), 0..40)) {
        let hex = value.iter().all(|byte| b"0123456789abcdef".contains(byte));
        let zero = value.iter().all(|byte| *byte == b'0');
        prop_assert_eq!(TraceId::parse(&value).is_ok(), value.len() == 32 && hex && !zero);
        prop_assert_eq!(SpanId::parse(&value).is_ok(), value.len() == 16 && hex && !zero);
    }
}

// Lists take long to make up.
proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn tracestate_agrees(value in damaged(state()), key in "[a-d][a-z]?", limit in 0..1200_usize) {
        let parsed = TraceState::parse(&value);
        if let Err(Invalid::InvalidKey { at } | Invalid::InvalidValue { at }) = parsed {
            prop_assert!(at < value.len());
        }
        let members = oracle::tracestate(&value);
        prop_assert_eq!(parsed.is_ok(), members.is_some());
        let (Ok(state), Some(members)) = (parsed, members) else {
            return Ok(());
        };
        let found: Vec<_> = state.iter().map(|m| (m.key.to_owned(), m.value.to_owned())).collect();
        prop_assert_eq!(&found, &members);
        prop_assert_eq!(state.len(), members.len());
        let first = members.iter().find(|member| member.0 == key).map(|member| member.1.as_str());
        prop_assert_eq!(state.get(&key), first);

        let mut buffer = vec![0; limit];
        prop_assert_eq!(state.truncate(&mut buffer).as_str(), oracle::truncate(members.clone(), limit));
        let mut others = members;
        others.retain(|member| member.0 != key);
        prop_assert_eq!(state.remove(&key, &mut buffer).as_str(), oracle::truncate(others.clone(), limit));
        others.insert(0, (key.clone(), "new".into()));
        let changed = state.upsert(&key, "new", &mut buffer).unwrap();
        prop_assert_eq!(changed.as_str(), oracle::truncate(others, limit));
        prop_assert!(TraceState::parse(changed.as_str()).is_ok());
    }

    #[test]
    fn baggage_agrees(value in damaged(bag())) {
        let parsed = Baggage::parse(&value);
        let members = oracle::baggage(&value);
        prop_assert_eq!(parsed.is_ok(), members.is_some());
        let (Ok(baggage), Some(members)) = (parsed, members) else {
            return Ok(());
        };
        prop_assert_eq!(owned(baggage), members);
        prop_assert_eq!(baggage.len(), baggage.iter().count());
        let mut buffer = [0; baggage::MAX_BYTES];
        let mut writer = Writer::new(&mut buffer);
        for member in baggage {
            writer.copy(&member).unwrap();
        }
        prop_assert_eq!(owned(writer.finish()), owned(baggage));
    }

    #[test]
    fn baggage_round_trips(
        members in vec(("[!#a-z%~]{1,6}", ".{0,12}", vec(("[a-z]{1,4}", prop::option::of(".{0,6}")), 0..3)), 0..8),
    ) {
        let mut buffer = [0; baggage::MAX_BYTES];
        let mut writer = Writer::new(&mut buffer);
        for (key, value, properties) in &members {
            let properties = properties.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
            writer.push_with(key, value, properties).unwrap();
        }
        let written = writer.finish();
        prop_assert_eq!(Baggage::parse(written.as_str()).map(owned), Ok(members));
    }

    #[test]
    fn lists_take_any_bytes(value in vec(select(BYTES), 0..60), cut in 0..60_usize) {
        let (left, right) = value.split_at(cut.min(value.len()));
        let joined = [left, b",", right].concat();
        let mut buffer = [0; 64];
        let state = TraceState::join([left, right], &mut buffer).map(|state| state.to_string());
        prop_assert_eq!(state, TraceState::parse(&joined).map(|state| state.to_string()));
        let bag = Baggage::join([left, right], &mut buffer).map(owned);
        prop_assert_eq!(bag, Baggage::parse(&joined).map(owned));
    }
}

fn owned(baggage: Baggage<'_>) -> Vec<oracle::BaggageMember> {
    let member = |member: baggage::Member<'_>| {
        let property =
            |p: baggage::Property<'_>| (p.key.to_owned(), p.value.map(|v| v.to_string()));
        (
            member.key.to_owned(),
            member.value.to_string(),
            member.properties.map(property).collect(),
        )
    };
    baggage.iter().map(member).collect()
}
