//! Sections 3.3 and 3.5 of Trace Context Level 2, rule by rule.

use traceparent::tracestate::{Error, Error::*, MAX_MEMBERS, MIN_PROPAGATED, TraceState};

#[test]
fn accepts() {
    let key = "k".repeat(256);
    let value = "v".repeat(256);
    let longest = format!("{key}={value}");
    let full = members(32);
    let full_and_empty = format!(",,{full},,");
    let valid: &[(&str, &str, &str)] = &[
        ("3.3.2 empty header", "", ""),
        ("3.3.2 blank header", " \t ", ""),
        ("3.3.2 empty members", ",foo=1,,bar=2,", "foo=1,bar=2"),
        ("3.3.2 blank members", " ,foo=1,\t, ,bar=2", "foo=1,bar=2"),
        ("3.3.2 empty members only", ",,,", ""),
        (
            "3.3.2 white space around members",
            " foo=1 \t, \tbar=2\t ",
            "foo=1,bar=2",
        ),
        ("3.3.2 32 members", &full, &full),
        ("3.3.2 32 members and empty ones", &full_and_empty, &full),
        ("3.3.2.2.1 key of every character", "0z_-*/@=1", "0z_-*/@=1"),
        ("3.3.2.2.1 key that starts with a digit", "0=1", "0=1"),
        (
            "3.3.2.2.1 at signs",
            "foo@=1,foo@@bar=2,t@s=3",
            "foo@=1,foo@@bar=2,t@s=3",
        ),
        ("3.3.2.2 longest key and value", &longest, &longest),
        (
            "3.3.2.2.2 first and last characters",
            "a=!~,b=~!",
            "a=!~,b=~!",
        ),
        (
            "3.3.2.2.2 spaces before and in a value",
            "foo=  1  2 ,bar= 3",
            "foo=  1  2,bar= 3",
        ),
        ("3.3.3 a key twice", "foo=1,foo=2", "foo=1,foo=2"),
    ];
    for (rule, value, canonical) in valid {
        let state = TraceState::parse(value).unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(state.to_string(), *canonical, "{rule}");
        assert_eq!(state.as_str(), *value, "{rule}");
        assert_eq!(state.is_empty(), canonical.is_empty(), "{rule}");
        let count = canonical
            .split(',')
            .filter(|member| !member.is_empty())
            .count();
        assert_eq!(state.len(), count, "{rule}");
    }
}

#[test]
fn refuses() {
    let key = "k".repeat(257);
    let long_key = format!("foo=1,{key}=2");
    let long_value = format!("foo=1, bar={key}");
    let too_many = members(33);
    let late = format!("{},=", members(32));
    let invalid: &[(&str, &[u8], Error)] = &[
        ("3.3.2 a key alone", b"foo", MissingValue { at: 3 }),
        (
            "3.3.2 a key alone among others",
            b"bar=1,foo ,x=1",
            MissingValue { at: 9 },
        ),
        ("3.3.2 33 members", too_many.as_bytes(), TooManyMembers),
        (
            "3.3.2 33 members, the last one wrong",
            late.as_bytes(),
            TooManyMembers,
        ),
        (
            "3.3.2 other white space",
            b"foo=1,\nbar=2",
            InvalidKey { at: 6 },
        ),
        ("3.3.2.2.1 no key", b"=1", InvalidKey { at: 0 }),
        (
            "3.3.2.2.1 first character",
            b"foo=1, @bar=2",
            InvalidKey { at: 7 },
        ),
        ("3.3.2.2.1 first character", b"_a=1", InvalidKey { at: 0 }),
        ("3.3.2.2.1 upper case", b"foO=1", InvalidKey { at: 2 }),
        (
            "3.3.2.2.1 other characters",
            b"foo.bar=1",
            InvalidKey { at: 3 },
        ),
        (
            "3.3.2.2.1 white space behind the key",
            b"foo =1",
            InvalidKey { at: 3 },
        ),
        (
            "3.3.2.2.1 not ASCII",
            "fé=1".as_bytes(),
            InvalidKey { at: 1 },
        ),
        (
            "3.3.2.2.1 257 characters",
            long_key.as_bytes(),
            KeyTooLong { at: 6 },
        ),
        ("3.3.2.2.2 no value", b"foo=,bar=3", MissingValue { at: 4 }),
        (
            "3.3.2.2.2 blank value",
            b"foo=  ,bar=3",
            MissingValue { at: 4 },
        ),
        (
            "3.3.2.2.2 equals sign",
            b"foo=bar=baz",
            InvalidValue { at: 7 },
        ),
        ("3.3.2.2.2 equals signs", b"foo==", InvalidValue { at: 4 }),
        ("3.3.2.2.2 tab inside", b"foo=b\tar", InvalidValue { at: 5 }),
        ("3.3.2.2.2 tab before", b"foo=\tbar", InvalidValue { at: 4 }),
        ("3.3.2.2.2 DEL", b"foo=\x7f", InvalidValue { at: 4 }),
        (
            "3.3.2.2.2 control character",
            b"foo=1,bar=\x1f",
            InvalidValue { at: 10 },
        ),
        (
            "3.3.2.2.2 not ASCII",
            b"foo=\xc3\xa9",
            InvalidValue { at: 4 },
        ),
        (
            "3.3.2.2.2 257 characters",
            long_value.as_bytes(),
            ValueTooLong { at: 11 },
        ),
    ];
    for (rule, value, error) in invalid {
        assert_eq!(TraceState::parse(value).err(), Some(*error), "{rule}");
    }
}

/// 3.3.2.2: every byte, first and later in a key and in a value.
#[test]
fn knows_every_character() {
    for byte in 0..=u8::MAX {
        let first = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert_eq!(
            TraceState::parse(&[byte, b'=', b'1']).is_ok(),
            first,
            "{byte:#x}"
        );
        let later = first || b"_-*/@".contains(&byte);
        assert_eq!(
            TraceState::parse(&[b'k', byte, b'=', b'1']).is_ok(),
            later,
            "{byte:#x}"
        );
        let value = (0x20..=0x7e).contains(&byte) && !b",=".contains(&byte);
        assert_eq!(
            TraceState::parse(&[b'k', b'=', byte, b'1']).is_ok(),
            value,
            "{byte:#x}"
        );
    }
}

/// 3.3.2: several headers are one list, in their order.
#[test]
fn joins_headers() {
    let mut buffer = [0; 32];
    let state = TraceState::join(["foo=1, bar=2", "", "baz=3"], &mut buffer).unwrap();
    assert_eq!(state.as_str(), "foo=1, bar=2,,baz=3");
    assert_eq!(state.to_string(), "foo=1,bar=2,baz=3");

    let none: [&str; 0] = [];
    assert!(TraceState::join(none, &mut []).unwrap().is_empty());
    assert_eq!(
        TraceState::join(["a=1", "b=2"], &mut [0; 7]).unwrap().len(),
        2
    );
    assert_eq!(
        TraceState::join(["a=1", "b=2"], &mut [0; 6]).unwrap_err(),
        BufferTooSmall
    );
    assert_eq!(
        TraceState::join(["a=1", "b=2"], &mut [0; 3]).unwrap_err(),
        BufferTooSmall
    );
    assert_eq!(
        TraceState::join(["a=1", "b"], &mut [0; 7]).unwrap_err(),
        MissingValue { at: 5 }
    );
    let two = [members(20), members(13)];
    assert_eq!(
        TraceState::join(two, &mut [0; 256]).unwrap_err(),
        TooManyMembers
    );
}

#[test]
fn finds_members() {
    let state = TraceState::parse("foo= 1, bar=2,foo=3").unwrap();
    assert_eq!(state.get("foo"), Some(" 1"), "the left-most");
    assert_eq!(state.get("bar"), Some("2"));
    assert_eq!(state.get("fo"), None);
    let members: Vec<_> = state
        .iter()
        .map(|member| (member.key, member.value))
        .collect();
    assert_eq!(members, [("foo", " 1"), ("bar", "2"), ("foo", "3")]);
    assert_eq!(state.into_iter().count(), 3);
    assert_eq!((&state).into_iter().count(), 3);
    assert_eq!(format!("{state:?}"), "TraceState(foo= 1,bar=2,foo=3)");
}

/// 3.5: what is new or changed stands at the left, the rest keeps its order.
#[test]
fn changes_members() {
    let state = TraceState::parse("rojo=1,, congo=2 ,green=3,congo=4").unwrap();
    let mut buffer = [0; MIN_PROPAGATED];
    let mut upsert = |key: &str, value: &str| {
        let changed = state.upsert(key, value, &mut buffer);
        changed.map(|state| state.as_str().to_owned())
    };
    assert_eq!(
        upsert("blue", "5").as_deref(),
        Ok("blue=5,rojo=1,congo=2,green=3,congo=4")
    );
    assert_eq!(
        upsert("congo", " 5").as_deref(),
        Ok("congo= 5,rojo=1,green=3")
    );
    assert_eq!(
        upsert("rojo", "1").as_deref(),
        Ok("rojo=1,congo=2,green=3,congo=4")
    );
    assert_eq!(upsert("Rojo", "1"), Err(InvalidKey { at: 0 }));
    assert_eq!(upsert("", "1"), Err(InvalidKey { at: 0 }));
    assert_eq!(upsert(&"k".repeat(257), "1"), Err(KeyTooLong { at: 0 }));
    assert_eq!(upsert("k", ""), Err(MissingValue { at: 0 }));
    assert_eq!(upsert("k", "a,b"), Err(InvalidValue { at: 1 }));
    assert_eq!(upsert("k", "a  "), Err(InvalidValue { at: 1 }));
    assert_eq!(upsert("k", " "), Err(InvalidValue { at: 0 }));
    assert_eq!(upsert("k", &"v".repeat(257)), Err(ValueTooLong { at: 0 }));

    assert_eq!(
        state.remove("congo", &mut buffer).as_str(),
        "rojo=1,green=3"
    );
    assert_eq!(state.remove("blue", &mut buffer).len(), 4);
    let single = TraceState::parse("congo=2").unwrap();
    assert_eq!(single.remove("congo", &mut buffer).as_str(), "");
    assert_eq!(
        TraceState::default()
            .upsert("a", "1", &mut buffer)
            .unwrap()
            .as_str(),
        "a=1"
    );
}

/// 3.3.2: a full list loses its right-most member.
#[test]
fn keeps_to_32_members() {
    let full = members(32);
    let state = TraceState::parse(&full).unwrap();
    let mut buffer = [0; MIN_PROPAGATED];
    let added = state.upsert("new", "1", &mut buffer).unwrap();
    assert_eq!(added.as_str(), format!("new=1,{}", members(31)));
    assert_eq!(added.len(), MAX_MEMBERS);
    let changed = state.upsert("k31", "0", &mut buffer).unwrap();
    assert_eq!(changed.as_str(), format!("k31=0,{}", members(31)));
}

/// 3.3.3.1: whole members only; those of more than 128 characters first, then from the right.
#[test]
fn truncates() {
    let long = |key: &str, len| format!("{key}={}", "v".repeat(len - key.len() - 1));
    let (a, b, c) = (long("a", 128), long("b", 129), long("c", 256));
    let value = format!("{b},{a},x=1,{c},y=2,{a},z=3");
    let state = TraceState::parse(&value).unwrap();
    let cases: &[(usize, &[&str])] = &[
        (value.len(), &[&b, &a, "x=1", &c, "y=2", &a, "z=3"]),
        (value.len() - 1, &[&b, &a, "x=1", "y=2", &a, "z=3"]),
        (value.len() - 257, &[&b, &a, "x=1", "y=2", &a, "z=3"]),
        (value.len() - 258, &[&a, "x=1", "y=2", &a, "z=3"]),
        (value.len() - 387, &[&a, "x=1", "y=2", &a, "z=3"]),
        (value.len() - 388, &[&a, "x=1", "y=2", &a]),
        (256 + 8, &[&a, "x=1", "y=2"]),
        (128 + 8, &[&a, "x=1", "y=2"]),
        (128 + 7, &[&a, "x=1"]),
        (128, &[&a]),
        (127, &[]),
        (0, &[]),
    ];
    for (limit, expected) in cases {
        let mut buffer = vec![0; *limit];
        assert_eq!(
            state.truncate(&mut buffer).as_str(),
            expected.join(","),
            "{limit}"
        );
    }
    let mut buffer = [0; 136];
    let added = state.upsert("new", "1", &mut buffer).unwrap();
    assert_eq!(added.as_str(), format!("new=1,{a}"));
}

#[test]
fn errors_name_kind_and_place() {
    let errors = [
        (
            InvalidKey { at: 1 },
            "invalid-key",
            "byte 1 is not allowed in a key",
        ),
        (
            KeyTooLong { at: 2 },
            "key-too-long",
            "key at byte 2 is over 256 characters",
        ),
        (
            MissingValue { at: 3 },
            "missing-value",
            "member that ends at byte 3 has no value",
        ),
        (
            InvalidValue { at: 4 },
            "invalid-value",
            "byte 4 is not allowed in a value",
        ),
        (
            ValueTooLong { at: 5 },
            "value-too-long",
            "value at byte 5 is over 256 characters",
        ),
        (TooManyMembers, "too-many-members", "more than 32 members"),
        (BufferTooSmall, "buffer-too-small", "buffer is too small"),
    ];
    for (error, kind, text) in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    }
}

fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|i| format!("k{i}={i}")).collect();
    members.join(",")
}
