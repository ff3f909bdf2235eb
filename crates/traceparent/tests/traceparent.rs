//! Section 3.2 of Trace Context Level 2, rule by rule.

use traceparent::{ParseError, ParseError::*, SpanId, TraceFlags, TraceId, TraceParent};

const TRACE_ID: TraceId = TraceId::from_u128(0x4bf92f3577b34da6a3ce929d0e0e4736).unwrap();
const PARENT_ID: SpanId = SpanId::from_u64(0x00f067aa0ba902b7).unwrap();

/// Parses both ways, which have to agree.
fn parse(value: &[u8]) -> Result<TraceParent, ParseError> {
    let parsed = TraceParent::parse(value);
    assert_eq!(
        parsed,
        TraceParent::parse_const(value),
        "{}",
        value.escape_ascii()
    );
    parsed
}

#[test]
fn accepts() {
    let valid: &[(&str, &[u8], &str)] = &[
        (
            "3.2.2.2 version 00",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01",
        ),
        (
            "3.2.2.5 no flag",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00",
        ),
        (
            "3.2.2.5.2 random flag",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02",
            "02",
        ),
        (
            "3.2.2.5.3 reserved flags",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
            "03",
        ),
        (
            "3.2.2.5.3 reserved flags alone",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fc",
            "00",
        ),
        (
            "3.2.4 higher version",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01",
        ),
        (
            "3.2.4 highest version",
            b"fe-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01",
        ),
        (
            "3.2.4 version with a letter",
            b"0f-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01",
        ),
        (
            "3.2.4 version like ff",
            b"f0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01",
        ),
        (
            "3.2.4 more fields",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-not",
            "01",
        ),
        (
            "3.2.4 an empty field more",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "01",
        ),
        (
            "3.2.4 any bytes behind the dash",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\xff\0 \n",
            "01",
        ),
        (
            "3.2.4 unknown flags of a higher version",
            b"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe",
            "02",
        ),
    ];
    for (rule, value, flags) in valid {
        let parent = parse(value).unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(
            (parent.trace_id(), parent.parent_id()),
            (TRACE_ID, PARENT_ID),
            "{rule}"
        );
        assert_eq!(parent.flags().to_string(), *flags, "{rule}");
        let sent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
        assert_eq!(parent.to_string(), sent, "{rule}: sent as version 00");
    }
}

#[test]
fn refuses() {
    let invalid: &[(&str, &[u8], ParseError)] = &[
        ("3.2.2 empty", b"", TooShort),
        ("3.2.2 a version alone", b"00", TooShort),
        ("3.2.2 short fields", b"00-1-1-1", TooShort),
        ("3.2.2 empty fields", b"---", TooShort),
        (
            "3.2.2 no flags",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            TooShort,
        ),
        (
            "3.2.2 a byte short",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            TooShort,
        ),
        (
            "3.2.2 digits without dashes",
            b"0004bf92f3577b34da6a3ce929d0e0e4736000f067aa0ba902b7001",
            NotDash { at: 2 },
        ),
        (
            "3.2.2 first dash",
            b"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            NotDash { at: 2 },
        ),
        (
            "3.2.2 second dash",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
            NotDash { at: 35 },
        ),
        (
            "3.2.2 third dash",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
            NotDash { at: 52 },
        ),
        (
            "3.2.2 trace id too long",
            b"00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-1",
            NotDash { at: 35 },
        ),
        (
            "3.2.2 trace id too short",
            b"00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
            NotHex { at: 34 },
        ),
        (
            "3.2.2 white space before",
            b" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            NotHex { at: 0 },
        ),
        (
            "3.2.2 white space behind",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            TooLong,
        ),
        (
            "3.2.2 new line behind",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
            TooLong,
        ),
        (
            "3.2.2.1 forbidden version",
            b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ForbiddenVersion,
        ),
        (
            "3.2.2.1 forbidden version, longer",
            b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-1",
            ForbiddenVersion,
        ),
        (
            "3.2.2.1 version not hex",
            b"0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            NotHex { at: 1 },
        ),
        (
            "3.2.2.1 version with a sign",
            b"+0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            NotHex { at: 0 },
        ),
        (
            "3.2.2.1 version in upper case",
            b"0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            NotHex { at: 1 },
        ),
        (
            "3.2.2.1 version too long",
            b"000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            NotDash { at: 2 },
        ),
        (
            "3.2.2.1 version too short",
            b"0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
            NotHex { at: 1 },
        ),
        (
            "3.2.2.2 dash behind version 00",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            TooLong,
        ),
        (
            "3.2.2.2 field behind version 00",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
            TooLong,
        ),
        (
            "3.2.2.3 zero trace id",
            b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            ZeroTraceId,
        ),
        (
            "3.2.2.3 zero trace id of a higher version",
            b"01-00000000000000000000000000000000-00f067aa0ba902b7-01",
            ZeroTraceId,
        ),
        (
            "3.2.2.3 trace id in upper case",
            b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            NotHex { at: 4 },
        ),
        (
            "3.2.2.3 trace id with a sign",
            b"00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            NotHex { at: 3 },
        ),
        (
            "3.2.2.3 trace id not ASCII",
            "00-4bf92f3577b34da6a3ce929d0e0e47é-00f067aa0ba902b7-01".as_bytes(),
            NotHex { at: 33 },
        ),
        (
            "3.2.2.4 zero parent id",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            ZeroSpanId,
        ),
        (
            "3.2.2.4 parent id in upper case",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067aa0ba902b7-01",
            NotHex { at: 38 },
        ),
        (
            "3.2.2.4 parent id not hex",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b.-01",
            NotHex { at: 51 },
        ),
        (
            "3.2.2.4 both ids zero",
            b"00-00000000000000000000000000000000-0000000000000000-01",
            ZeroTraceId,
        ),
        (
            "3.2.2.5 flags not hex",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-.0",
            NotHex { at: 53 },
        ),
        (
            "3.2.2.5 flags with a sign",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            NotHex { at: 53 },
        ),
        (
            "3.2.2.5 flags in upper case",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
            NotHex { at: 54 },
        ),
        (
            "3.2.2.5 flags too long",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
            TooLong,
        ),
        (
            "3.2.4 higher version, too short",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            TooShort,
        ),
        (
            "3.2.4 higher version, no dash behind",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
            NotDash { at: 55 },
        ),
        (
            "3.2.4 higher version, flags not hex",
            b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
            NotHex { at: 54 },
        ),
        (
            "3.2.4 higher version, zero parent id",
            b"cc-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01-",
            ZeroSpanId,
        ),
    ];
    for (rule, value, error) in invalid {
        assert_eq!(parse(value), Err(*error), "{rule}");
    }
}

/// 3.2.2: every byte but the right ones, at every place.
#[test]
fn refuses_every_wrong_byte() {
    let valid = *b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for at in 0..valid.len() {
        for byte in 0..=u8::MAX {
            let mut value = valid;
            value[at] = byte;
            let right = match at {
                2 | 35 | 52 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            };
            let expected = match at {
                2 | 35 | 52 => NotDash { at: at as u8 },
                _ => NotHex { at: at as u8 },
            };
            assert_eq!(
                parse(&value).err(),
                (!right).then_some(expected),
                "{byte:#x} at {at}"
            );
        }
    }
}

/// The first fault counts.
#[test]
fn reports_in_order() {
    let invalid: &[(&[u8], ParseError)] = &[
        (b"ff", TooShort),
        (
            b"ff-zz000000000000000000000000000000-0000000000000000-01x",
            ForbiddenVersion,
        ),
        (
            b"00-zz000000000000000000000000000000-0000000000000000-01x",
            TooLong,
        ),
        (
            b"01-zz000000000000000000000000000000-0000000000000000-01x",
            NotHex { at: 3 },
        ),
        (
            b"01-00000000000000000000000000000000-0000000000000000-0-x",
            NotHex { at: 54 },
        ),
        (
            b"01-00000000000000000000000000000000-0000000000000000-01x",
            ZeroTraceId,
        ),
    ];
    for (value, error) in invalid {
        assert_eq!(parse(value), Err(*error), "{}", value.escape_ascii());
    }
}

#[test]
fn every_way_in_and_out() {
    let value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
    let flags = TraceFlags::SAMPLED | TraceFlags::RANDOM;
    let parent = TraceParent::new(TRACE_ID, PARENT_ID, flags);
    assert_eq!(value.parse(), Ok(parent));
    assert_eq!(TraceParent::try_from(value.as_bytes()), Ok(parent));
    assert_eq!(&parent.to_bytes(), value.as_bytes());
    assert_eq!(parent.to_string(), value);
    assert_eq!(format!("{parent:>57}"), format!("  {value}"));
    assert_eq!(format!("{parent:?}"), format!("TraceParent({value})"));
    assert_eq!(parent.flags(), flags);
}

#[test]
fn errors_name_kind_and_place() {
    let errors = [
        (TooShort, "too-short", "value is too short"),
        (TooLong, "too-long", "value is too long"),
        (
            NotHex { at: 53 },
            "not-hex",
            "byte 53 is not a lower-case hex digit",
        ),
        (NotDash { at: 2 }, "not-dash", "byte 2 is not a dash"),
        (
            ForbiddenVersion,
            "forbidden-version",
            "version ff is forbidden",
        ),
        (ZeroTraceId, "zero-trace-id", "trace id is zero"),
        (ZeroSpanId, "zero-span-id", "span id is zero"),
    ];
    for (error, kind, text) in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    }
}
