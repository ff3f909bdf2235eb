//! Requests and answers, valid and broken, each made from a number alone.

use std::ops::Range;

/// SplitMix64: good enough to vary tests, and the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn in_range(&mut self, range: Range<usize>) -> usize {
        range.start + usize::try_from(self.next() % (range.end - range.start) as u64).unwrap()
    }

    /// True in one of `n` cases.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.next() % n == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.in_range(0..from.len())]
    }
}

/// One request and its answer.
#[derive(Debug)]
pub struct Case {
    /// Without those of the framing.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<Vec<u8>>,
    /// Whether HTTP/1.1 declares the length, or sends chunks.
    pub declares_length: bool,
    pub answer: Answer,
    /// Whether the inner service asks for the context before, and after, it reads the body.
    pub observes: (bool, bool),
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<Vec<u8>>,
    pub declares_length: bool,
    pub trailers: bool,
}

impl Case {
    pub fn new(number: u64) -> Self {
        let mut rng = Rng::new(number);
        let id = id(&mut rng);
        let headers = headers(&mut rng);
        let body = spoil(&mut rng, |rng| request(rng, &id));
        let answer = answer(&mut rng, &id);
        Self {
            headers,
            body: cut(&mut rng, body),
            declares_length: rng.one_in(2),
            answer,
            observes: (rng.one_in(4), rng.one_in(2)),
        }
    }
}

fn answer(rng: &mut Rng, id: &str) -> Answer {
    let sse = rng.one_in(2);
    let body = if sse {
        spoil(rng, |rng| {
            let mut stream = String::new();
            let end = *rng.pick(&["\n", "\r\n", "\r"]);
            for _ in 0..rng.in_range(0..3) {
                stream += &rng.pick(&[
                    ": keep-alive\n\n",
                    "data: \nid: 0\nretry: 3000\n\n",
                    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n",
                    "data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"method\":\"sampling/createMessage\"}\n\n",
                ]).replace('\n', end);
            }
            stream += &format!("data: {}\n\n", response(rng, id)).replace('\n', end);
            if rng.one_in(3) {
                stream += ": after\n\n";
            }
            stream
        })
    } else {
        spoil(rng, |rng| response(rng, id))
    };
    Answer {
        status: *rng.pick(&[200, 200, 200, 200, 202, 204, 304, 400, 404, 500]),
        content_type: if rng.one_in(10) {
            "text/plain"
        } else if sse {
            "text/event-stream; charset=utf-8"
        } else {
            "application/json"
        },
        body: cut(rng, body),
        declares_length: rng.one_in(2),
        trailers: rng.one_in(10),
    }
}

fn id(rng: &mut Rng) -> String {
    match rng.in_range(0..6) {
        0 => format!("\"{}\"", string(rng)),
        1 => "null".to_owned(),
        2 => "1.5e3".to_owned(),
        3 => format!("\"{}\"", rng.in_range(0..99)),
        _ => rng.in_range(0..99).to_string(),
    }
}

fn request(rng: &mut Rng, id: &str) -> String {
    let member = |rng: &mut Rng| {
        let method = *rng.pick(&[
            "tools/call",
            "tools/call",
            "prompts/get",
            "resources/read",
            "ping",
            "x/y",
            "notifications/progress",
        ]);
        let mut members = vec![
            r#""jsonrpc":"2.0""#.to_owned(),
            format!(r#""method":"{method}""#),
            format!(
                r#""params":{{"name":"{}","arguments":{},"_meta":{}}}"#,
                string(rng),
                value(rng, 0),
                meta(rng)
            ),
        ];
        if !rng.one_in(5) {
            members.push(format!(r#""id":{id}"#));
        }
        for i in (1..members.len()).rev() {
            let j = rng.in_range(0..i + 1);
            members.swap(i, j);
        }
        let space = *rng.pick(&["", " ", "\r\n\t"]);
        format!("{{{}}}", members.join(&format!(",{space}")))
    };
    if rng.one_in(12) {
        let members: Vec<_> = (0..rng.in_range(0..5)).map(|_| member(rng)).collect();
        format!("[{}]", members.join(","))
    } else {
        member(rng)
    }
}

fn response(rng: &mut Rng, id: &str) -> String {
    match rng.in_range(0..4) {
        0 => format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"{}"}}}}"#,
            string(rng)
        ),
        1 => format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"isError":true,"content":{}}}}}"#,
            value(rng, 0)
        ),
        _ => format!(
            r#"{{"result":{},"id":{id},"jsonrpc":"2.0"}}"#,
            value(rng, 0)
        ),
    }
}

fn meta(rng: &mut Rng) -> String {
    match rng.in_range(0..6) {
        0 => "{}".to_owned(),
        1 => value(rng, 1),
        2 => r#"{"traceparent":42}"#.to_owned(),
        3 => format!(r#"{{"traceparent":"{}"}}"#, string(rng)),
        4 => format!(
            r#"{{"tracestate":"a=b","traceparent":"{}","baggage":"k=v"}}"#,
            super::META
        ),
        _ => format!(r#"{{"\u0074raceparent":"{}"}}"#, super::META),
    }
}

fn string(rng: &mut Rng) -> String {
    match rng.in_range(0..12) {
        0 => "x".repeat(rng.in_range(0..9000)),
        1 => r"a\nb\u00e9\ud83d\ude00\\".to_owned(),
        2 => "é☃😀".repeat(rng.in_range(0..9)),
        3 => r"\ud800".to_owned(),
        _ => (0..rng.in_range(0..12))
            .map(|_| char::from(*rng.pick(b"abcXYZ012-_/ ")))
            .collect(),
    }
}

fn value(rng: &mut Rng, depth: usize) -> String {
    match rng.in_range(0..if depth > 4 { 4 } else { 7 }) {
        0 => (*rng.pick(&["null", "true", "false", "{}", "[]"])).to_owned(),
        1 => (*rng.pick(&["0", "-1.5e+9", "12345678901234567890"])).to_owned(),
        2 | 3 => format!("\"{}\"", string(rng)),
        4 => {
            let items: Vec<_> = (0..rng.in_range(0..4))
                .map(|_| value(rng, depth + 1))
                .collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let members: Vec<_> = (0..rng.in_range(0..4))
                .map(|_| format!("\"{}\":{}", string(rng), value(rng, depth + 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// In one of three cases not what `make` says.
fn spoil(rng: &mut Rng, make: impl Fn(&mut Rng) -> String) -> Vec<u8> {
    let mut bytes = make(rng).into_bytes();
    match rng.in_range(0..18) {
        0 => bytes.clear(),
        1 => bytes.truncate(rng.in_range(0..bytes.len() + 1)),
        2 => {
            for _ in 0..rng.in_range(1..5) {
                if !bytes.is_empty() {
                    let at = rng.in_range(0..bytes.len());
                    bytes[at] = rng.next() as u8;
                }
            }
        }
        3 => {
            bytes = (0..rng.in_range(0..300))
                .map(|_| rng.next() as u8)
                .collect()
        }
        4 => bytes = "[{".repeat(rng.in_range(1..400)).into_bytes(),
        5 => {
            let again = bytes.clone();
            bytes.extend_from_slice(&again);
        }
        _ => {}
    }
    bytes
}

fn headers(rng: &mut Rng) -> Vec<(&'static str, String)> {
    let content_type = *rng.pick(&[
        "application/json",
        "application/json",
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/event-stream",
        "text/plain",
        "",
    ]);
    let mut headers = vec![("content-type", content_type.to_owned())];
    let choices: [(&'static str, &[&str]); 8] = [
        (
            "traceparent",
            &[
                super::HEADER,
                "",
                "garbage",
                "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            ],
        ),
        ("tracestate", &["a=b,c=d", ",,=", "A=\u{7f}"]),
        ("baggage", &["k=v", "%zz=%80;;,,="]),
        (
            "mcp-protocol-version",
            &["2026-07-28", "2025-11-25", "soon"],
        ),
        ("mcp-method", &["tools/call", "=?base64?", "x"]),
        ("mcp-name", &["greet", "=?base64?IHBhZGRlZCA=?="]),
        ("mcp-session-id", &["s-1", ""]),
        ("content-encoding", &["identity", "gzip"]),
    ];
    for (name, values) in choices {
        while rng.one_in(3) {
            // What HTTP itself forbids never arrives.
            let value = rng.pick(values).replace('\u{7f}', "~");
            headers.push((name, value));
        }
    }
    headers
}

/// Cuts bytes anywhere, also into empty pieces.
pub fn cut(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for _ in 0..rng.in_range(0..6) {
        let rest = bytes.split_off(rng.in_range(0..bytes.len() + 1));
        pieces.push(std::mem::replace(&mut bytes, rest));
    }
    pieces.push(bytes);
    pieces
}
