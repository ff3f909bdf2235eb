//! W3C Baggage, section 3.3, rule by rule.

use traceparent::baggage::{Baggage, Error, Error::*, MAX_BYTES, MAX_MEMBERS, Writer};

type Members = Vec<(
    &'static str,
    &'static str,
    Vec<(&'static str, Option<&'static str>)>,
)>;

#[test]
fn accepts() {
    let valid: &[(&str, &'static str, Members)] = &[
        ("RFC 9110, 5.6.1.2 empty list", "", vec![]),
        (
            "RFC 9110, 5.6.1.2 empty members",
            ", \t,k=v,,",
            vec![("k", "v", vec![])],
        ),
        (
            "3.3.1.1 members",
            "a=1,b=2",
            vec![("a", "1", vec![]), ("b", "2", vec![])],
        ),
        (
            "3.3.1.1 a key twice",
            "a=1,a=2",
            vec![("a", "1", vec![]), ("a", "2", vec![])],
        ),
        (
            "3.3.1 white space everywhere",
            " a\t= \t1 ; p \t; q \t=\t2 , \tb = 2 ",
            vec![
                ("a", "1", vec![("p", None), ("q", Some("2"))]),
                ("b", "2", vec![]),
            ],
        ),
        (
            "3.3.1.2 every character of a token",
            "!#$%&'*+-.^_`|~09AZaz=1",
            vec![("!#$%&'*+-.^_`|~09AZaz", "1", vec![])],
        ),
        (
            "3.3.1.2 key is not decoded",
            "a%20b=1",
            vec![("a%20b", "1", vec![])],
        ),
        (
            "3.3.1.3 empty value",
            "a=,b= ",
            vec![("a", "", vec![]), ("b", "", vec![])],
        ),
        ("3.3.1.3 equals signs", "a==1=", vec![("a", "=1=", vec![])]),
        ("3.3.1.3 plus signs", "a=1+2", vec![("a", "1+2", vec![])]),
        (
            "3.3.1.3 bounds of the octets",
            "a=!#+-:<[]~",
            vec![("a", "!#+-:<[]~", vec![])],
        ),
        (
            "3.3.1.3 encoded separators",
            "a=%2C%3B%3D%5C%22%20%09",
            vec![("a", ",;=\\\" \t", vec![])],
        ),
        (
            "3.3.1.3 digits of either case",
            "a=%c3%A9%Ce%b1",
            vec![("a", "éα", vec![])],
        ),
        (
            "3.3.1.3 encoded without need",
            "a=%61%62",
            vec![("a", "ab", vec![])],
        ),
        (
            "3.3.1.3 percent sign",
            "a=%25,b=%2525",
            vec![("a", "%", vec![]), ("b", "%25", vec![])],
        ),
        (
            "3.3.1.3 percent signs that encode nothing",
            "a=%,b=%2,c=%zz,d=%%20",
            vec![
                ("a", "%", vec![]),
                ("b", "%2", vec![]),
                ("c", "%zz", vec![]),
                ("d", "% ", vec![]),
            ],
        ),
        (
            "3.3.1.3 not UTF-8",
            "a=%ff,b=x%C3y,c=%F0%9F%98",
            vec![
                ("a", "\u{fffd}", vec![]),
                ("b", "x\u{fffd}y", vec![]),
                ("c", "\u{fffd}", vec![]),
            ],
        ),
        (
            "3.3.1.3 four bytes",
            "a=%F0%9F%98%80!",
            vec![("a", "😀!", vec![])],
        ),
        (
            "3.3.1.4 properties",
            "a=1;p;q=;r=%20;p=3",
            vec![(
                "a",
                "1",
                vec![
                    ("p", None),
                    ("q", Some("")),
                    ("r", Some(" ")),
                    ("p", Some("3")),
                ],
            )],
        ),
        (
            "3.3.1.4 property key is not decoded",
            "a=1;p%3D2",
            vec![("a", "1", vec![("p%3D2", None)])],
        ),
    ];
    for (rule, value, expected) in valid {
        let baggage = Baggage::parse(value).unwrap_or_else(|error| panic!("{rule}: {error}"));
        let members: Vec<_> = baggage.iter().collect();
        assert_eq!(members.len(), expected.len(), "{rule}");
        for (member, (key, value, properties)) in members.iter().zip(expected) {
            assert_eq!(member.key, *key, "{rule}");
            assert!(member.value == *value, "{rule}: {}", member.value);
            assert_eq!(member.value.to_string(), *value, "{rule}");
            let found: Vec<_> = member.properties.clone().collect();
            assert_eq!(found.len(), properties.len(), "{rule}");
            for (property, (key, value)) in found.iter().zip(properties) {
                assert_eq!(property.key, *key, "{rule}");
                assert_eq!(
                    property.value.map(|value| value.to_string()).as_deref(),
                    *value,
                    "{rule}"
                );
            }
        }
        assert_eq!(baggage.len(), expected.len(), "{rule}");
        assert_eq!(baggage.is_empty(), expected.is_empty(), "{rule}");
        assert_eq!(baggage.as_str(), *value, "{rule}");
    }
}

#[test]
fn refuses() {
    let long = format!("a={}", "v".repeat(MAX_BYTES - 1));
    let invalid: &[(&str, &[u8], Error)] = &[
        ("3.3.1 a key alone", b"a", MissingValue { at: 1 }),
        (
            "3.3.1 a key alone among others",
            b"b=1, a ;p=1",
            MissingValue { at: 6 },
        ),
        ("3.3.1 a semicolon alone", b"a=1,;", InvalidKey { at: 4 }),
        ("3.3.1.2 no key", b"=1", InvalidKey { at: 0 }),
        (
            "3.3.1.2 no key but a space",
            b"b=1, =1",
            InvalidKey { at: 5 },
        ),
        ("3.3.1.2 space in a key", b"a b=1", InvalidKey { at: 1 }),
        ("3.3.1.2 separator in a key", b"a:b=1", InvalidKey { at: 1 }),
        ("3.3.1.2 not ASCII", "é=1".as_bytes(), InvalidKey { at: 0 }),
        ("3.3.1.3 space in a value", b"a=1 2", InvalidValue { at: 3 }),
        ("3.3.1.3 quote", b"a= \"1\"", InvalidValue { at: 3 }),
        ("3.3.1.3 backslash", b"a=1\\", InvalidValue { at: 3 }),
        (
            "3.3.1.3 control character",
            b"a=1\n",
            InvalidValue { at: 3 },
        ),
        (
            "3.3.1.3 not ASCII",
            "a=é".as_bytes(),
            InvalidValue { at: 2 },
        ),
        ("3.3.1.4 empty property", b"a=1;", InvalidKey { at: 4 }),
        (
            "3.3.1.4 empty property among others",
            b"a=1; ;p",
            InvalidKey { at: 5 },
        ),
        (
            "3.3.1.4 property without a key",
            b"a=1;=2",
            InvalidKey { at: 4 },
        ),
        (
            "3.3.1.4 space in a property's key",
            b"a=1;p q",
            InvalidKey { at: 5 },
        ),
        (
            "3.3.1.4 space in a property's value",
            b"b=1,a=1;p= q r",
            InvalidValue { at: 12 },
        ),
        ("3.3.2 8193 bytes", long.as_bytes(), TooLong),
    ];
    for (rule, value, error) in invalid {
        assert_eq!(Baggage::parse(value).err(), Some(*error), "{rule}");
    }
}

/// 3.3.1: every byte, in a key and in a value.
#[test]
fn knows_every_character() {
    for byte in 0..=u8::MAX {
        let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        // An equals sign ends the key, a semicolon the value.
        assert_eq!(
            Baggage::parse(&[b'k', byte, b'k', b'=']).is_ok(),
            token || byte == b'=',
            "{byte:#x}"
        );
        let octet = matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
        assert_eq!(
            Baggage::parse(&[b'k', b'=', b'v', byte, b'v']).is_ok(),
            octet || byte == b';',
            "{byte:#x}"
        );

        let mut buffer = [0; 8];
        let mut writer = Writer::new(&mut buffer);
        let text = char::from(byte).to_string();
        writer.push("k", &text).unwrap();
        let written = writer.finish();
        assert_eq!(
            written.as_str().len() == 3,
            octet && byte != b'%',
            "{byte:#x}"
        );
        assert!(
            written.get("k").unwrap().value == text.as_str(),
            "{byte:#x}"
        );
    }
}

/// 3.3.2: the limits hold for all headers together.
#[test]
fn limits() {
    let most = members(MAX_MEMBERS);
    assert_eq!(Baggage::parse(&most).unwrap().len(), 64);
    assert_eq!(Baggage::parse(&members(65)).unwrap_err(), TooManyMembers);
    let longest = format!("a={}", "v".repeat(MAX_BYTES - 2));
    assert_eq!(Baggage::parse(&longest).unwrap().len(), 1);

    let mut buffer = [0; MAX_BYTES + 16];
    let joined = Baggage::join(["a=1;p , b=2", "c=3"], &mut buffer).unwrap();
    assert_eq!(joined.as_str(), "a=1;p , b=2,c=3");
    assert_eq!(
        Baggage::join([&*members(40), &*members(25)], &mut buffer).unwrap_err(),
        TooManyMembers
    );
    assert_eq!(
        Baggage::join([longest.as_str(), ""], &mut buffer).unwrap_err(),
        TooLong
    );
    assert_eq!(
        Baggage::join(["a=1", "b=2"], &mut [0; 6]).unwrap_err(),
        BufferTooSmall
    );
}

#[test]
fn finds_the_last_of_a_key() {
    let baggage = Baggage::parse("a=1,A=2,a=3;p").unwrap();
    let member = baggage.get("a").unwrap();
    assert_eq!(member.value.as_str(), "3");
    assert_eq!(member.properties.count(), 1);
    assert!(baggage.get("b").is_none());
    assert_eq!(baggage.into_iter().count(), 3);
    assert_eq!((&baggage).into_iter().count(), 3);
    assert_eq!(format!("{baggage:?}"), "Baggage(a=1,A=2,a=3;p)");
}

#[test]
fn writes_members() {
    let mut buffer = [0; 256];
    let mut writer = Writer::new(&mut buffer);
    writer.push("plain", "a=b+c").unwrap();
    writer
        .push_with("odd", " ,;\\\"%é", [("p", None), ("q", Some("1 2"))])
        .unwrap();
    let received = Baggage::parse("k = %7e%zz ; p ; q = %7E").unwrap();
    writer.copy(&received.get("k").unwrap()).unwrap();
    let written = writer.finish();
    assert_eq!(
        written.as_str(),
        "plain=a=b+c,odd=%20%2C%3B%5C%22%25%C3%A9;p;q=1%202,k=%7e%zz;p;q=%7E",
    );
    assert_eq!(Baggage::parse(written.as_str()).unwrap().len(), 3);
}

/// 3.3.2: never a part of a member; a refused one leaves no trace.
#[test]
fn writes_whole_members_only() {
    let mut buffer = [0; 12];
    let mut writer = Writer::new(&mut buffer);
    writer.push("a", "1").unwrap();
    assert_eq!(writer.push("", "1"), Err(InvalidKey { at: 0 }));
    assert_eq!(writer.push("b c", "1"), Err(InvalidKey { at: 1 }));
    assert_eq!(
        writer.push_with("b", "1", [("p", None), ("q\n", None)]),
        Err(InvalidKey { at: 1 })
    );
    assert_eq!(writer.push("b", "1234567"), Err(BufferTooSmall));
    assert_eq!(writer.push("b", "1234é"), Err(BufferTooSmall));
    assert_eq!(
        writer.push_with("b", "12", [("pqrs", None)]),
        Err(BufferTooSmall)
    );
    writer.push_with("b", "1", [("pqr", None)]).unwrap();
    assert_eq!(writer.push("c", ""), Err(BufferTooSmall));
    assert_eq!(writer.finish().as_str(), "a=1,b=1;pqr");

    let mut buffer = [0; 2 * MAX_BYTES];
    let mut writer = Writer::new(&mut buffer);
    writer.push("a", &"v".repeat(MAX_BYTES - 6)).unwrap();
    assert_eq!(writer.push("b", "12"), Err(TooLong));
    writer.push("b", "1").unwrap();
    assert_eq!(writer.finish().as_str().len(), MAX_BYTES);

    let mut writer = Writer::new(&mut buffer);
    for _ in 0..MAX_MEMBERS {
        writer.push("k", "v").unwrap();
    }
    assert_eq!(writer.push("k", "v"), Err(TooManyMembers));
    assert_eq!(writer.finish().len(), MAX_MEMBERS);
    assert_eq!(Writer::new(&mut []).finish().as_str(), "");
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
            MissingValue { at: 2 },
            "missing-value",
            "key that ends at byte 2 has no value",
        ),
        (
            InvalidValue { at: 3 },
            "invalid-value",
            "byte 3 is not allowed in a value",
        ),
        (TooManyMembers, "too-many-members", "more than 64 members"),
        (TooLong, "too-long", "more than 8192 bytes"),
        (BufferTooSmall, "buffer-too-small", "buffer is too small"),
    ];
    for (error, kind, text) in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    }
}

fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|i| format!("k{i}=v{i}")).collect();
    members.join(",")
}
