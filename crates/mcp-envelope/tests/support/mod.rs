//! Random JSON.
#![allow(dead_code, unreachable_pub)]

use proptest::prelude::*;

use crate::oracle::Tree;

/// More cases than usual; `PROPTEST_CASES` still scales them.
pub fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases * 6,
        failure_persistence: None,
        ..usual
    }
}

/// A small source of arbitrary choices.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Writes JSON with arbitrary white space and escapes. `plain` has neither.
pub fn write(tree: &Tree, dice: &mut Dice, plain: bool) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(tree, dice, plain, &mut out);
    out
}

fn write_value(tree: &Tree, dice: &mut Dice, plain: bool, out: &mut Vec<u8>) {
    match tree {
        Tree::Null => out.extend(b"null"),
        Tree::Bool(value) => out.extend(value.to_string().bytes()),
        Tree::Int(value) => out.extend(value.to_string().bytes()),
        Tree::Float(value) => out.extend(format!("{value:e}").bytes()),
        Tree::Text(text) => write_text(text, dice, plain, out),
        Tree::Array(elements) => {
            out.push(b'[');
            space(dice, plain, out);
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                    space(dice, plain, out);
                }
                write_value(element, dice, plain, out);
                space(dice, plain, out);
            }
            out.push(b']');
        }
        Tree::Object(members) => {
            out.push(b'{');
            space(dice, plain, out);
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                    space(dice, plain, out);
                }
                write_text(key, dice, plain, out);
                space(dice, plain, out);
                out.push(b':');
                space(dice, plain, out);
                write_value(value, dice, plain, out);
                space(dice, plain, out);
            }
            out.push(b'}');
        }
    }
}

fn space(dice: &mut Dice, plain: bool, out: &mut Vec<u8>) {
    while !plain && dice.roll(8) == 0 {
        out.push(b" \n\t\r"[dice.roll(4) as usize]);
    }
}

fn write_text(text: &str, dice: &mut Dice, plain: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    let escapes = !plain && dice.roll(3) == 0;
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend([b'\\', c as u8]),
            '\n' if dice.roll(2) == 0 => out.extend(b"\\n"),
            '/' if escapes && dice.roll(4) == 0 => out.extend(b"\\/"),
            c if c < ' ' || escapes && dice.roll(4) == 0 => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend(format!("\\u{unit:04x}").bytes());
                }
            }
            c => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out.push(b'"');
}

/// Cuts bytes anywhere.
pub fn chunks<'b>(bytes: &'b [u8], dice: &mut Dice) -> Vec<&'b [u8]> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    let largest = [1, 3, 16, 200][dice.roll(4) as usize];
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at((dice.roll(largest) as usize + 1).min(rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

/// Any JSON.
pub fn value() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Int),
        (-1e9..1e9).prop_map(Tree::Float),
        string().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            prop::collection::vec((key(), inner), 0..6).prop_map(Tree::Object),
        ]
    })
}

pub fn string() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[ -~]{0,20}",
        2 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => prop::collection::vec(prop::sample::select(vec!["\"", "\\", "{", "}", "[", "]", ":", ",", "\n", "é", "😀", "a"]), 0..80)
            .prop_map(|parts| parts.concat()),
        1 => (0..3000usize).prop_map(|n| "x".repeat(n)),
    ]
    .boxed()
}

const KEYS: &[&str] = &[
    "jsonrpc",
    "id",
    "method",
    "params",
    "result",
    "error",
    "_meta",
    "name",
    "uri",
    "taskId",
    "protocolVersion",
    "traceparent",
    "tracestate",
    "baggage",
    "io.modelcontextprotocol/protocolVersion",
    "arguments",
    "isError",
    "resultType",
    "code",
    "message",
    "content",
];

pub fn key() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => string()]
}

fn member(
    key: &'static str,
    value: impl Strategy<Value = Tree> + 'static,
) -> BoxedStrategy<(String, Tree)> {
    value.prop_map(move |value| (key.to_owned(), value)).boxed()
}

/// Members in any order, each of them there or not, twice or not.
fn object(members: Vec<BoxedStrategy<(String, Tree)>>) -> impl Strategy<Value = Tree> {
    let count = members.len();
    let member = prop::strategy::Union::new(members.clone());
    let all = members
        .into_iter()
        .map(prop::option::of)
        .collect::<Vec<_>>();
    (all, prop::collection::vec(member, 0..2), Just(count))
        .prop_flat_map(|(some, more, _)| {
            let members: Vec<_> = some.into_iter().flatten().chain(more).collect();
            Just(members).prop_shuffle()
        })
        .prop_map(Tree::Object)
}

fn text_or_any() -> impl Strategy<Value = Tree> {
    prop_oneof![6 => string().prop_map(Tree::Text), 1 => value()]
}

pub fn id() -> impl Strategy<Value = Tree> {
    prop_oneof![
        4 => (0..3i64).prop_map(Tree::Int),
        1 => any::<i64>().prop_map(Tree::Int),
        2 => string().prop_map(Tree::Text),
        1 => (0..3i64).prop_map(|n| Tree::Text(n.to_string())),
        1 => value(),
    ]
}

pub fn meta() -> impl Strategy<Value = Tree> {
    object(vec![
        member("traceparent", text_or_any()),
        member("tracestate", text_or_any()),
        member("baggage", text_or_any()),
        member("io.modelcontextprotocol/protocolVersion", text_or_any()),
        (key(), value()).boxed(),
    ])
}

pub fn params() -> impl Strategy<Value = Tree> {
    object(vec![
        member("_meta", prop_oneof![8 => meta(), 1 => value()]),
        member("name", text_or_any()),
        member("uri", text_or_any()),
        member("taskId", text_or_any()),
        member("protocolVersion", text_or_any()),
        member("arguments", value()),
        (key(), value()).boxed(),
    ])
}

fn jsonrpc() -> impl Strategy<Value = Tree> {
    prop_oneof![20 => Just(Tree::Text("2.0".to_owned())), 1 => value()]
}

/// A message from client to server, mostly.
pub fn request() -> impl Strategy<Value = Tree> {
    let methods = prop::sample::select(vec![
        "tools/call",
        "prompts/get",
        "resources/read",
        "tasks/get",
        "initialize",
        "tools/list",
        "notifications/initialized",
    ]);
    let method =
        prop_oneof![12 => methods.prop_map(|m| Tree::Text(m.to_owned())), 1 => text_or_any()];
    let usual = |id: BoxedStrategy<Tree>| {
        (
            Just(Tree::Text("2.0".to_owned())),
            id,
            method.clone(),
            params(),
        )
            .prop_map(|(jsonrpc, id, method, params)| {
                vec![
                    ("jsonrpc".to_owned(), jsonrpc),
                    ("id".to_owned(), id),
                    ("method".to_owned(), method),
                    ("params".to_owned(), params),
                ]
            })
    };
    prop_oneof![
        2 => usual(id().boxed()).prop_shuffle().prop_map(Tree::Object),
        1 => object(vec![
            member("jsonrpc", jsonrpc()),
            member("id", id()),
            member("method", method.clone()),
            member("params", prop_oneof![6 => params(), 1 => value()]),
            (key(), value()).boxed(),
        ]),
    ]
}

/// A message from server to client, mostly an answer.
pub fn answer() -> impl Strategy<Value = Tree> {
    let result = object(vec![
        member("content", value()),
        member(
            "isError",
            prop_oneof![4 => any::<bool>().prop_map(Tree::Bool), 1 => value()],
        ),
        member(
            "resultType",
            prop_oneof![3 => Just(Tree::Text("complete".to_owned())), 1 => value()],
        ),
        member(
            "protocolVersion",
            prop_oneof![3 => Just(Tree::Text("2025-11-25".to_owned())), 1 => value()],
        ),
        (key(), value()).boxed(),
    ]);
    let error = object(vec![
        member(
            "code",
            prop_oneof![4 => any::<i32>().prop_map(|n| Tree::Int(n.into())), 1 => value()],
        ),
        member("message", text_or_any()),
        member("data", value()),
    ]);
    let result = prop_oneof![6 => result, 1 => value()].boxed();
    let error = prop_oneof![6 => error, 1 => value()].boxed();
    let head = || {
        vec![
            member("jsonrpc", jsonrpc()),
            member("id", id()),
            member("id", id()),
        ]
    };
    let with = |more: BoxedStrategy<(String, Tree)>| {
        let mut members = head();
        members.extend([more.clone(), more]);
        object(members)
    };
    prop_oneof![
        3 => with(member("result", result.clone())),
        2 => with(member("error", error.clone())),
        1 => object(vec![
            member("id", id()),
            member("method", text_or_any()),
            member("result", result),
            member("error", error),
        ]),
    ]
}

/// A message, or several in an array.
pub fn or_batch(message: impl Strategy<Value = Tree> + 'static) -> BoxedStrategy<Tree> {
    let message = message.boxed();
    let element = prop_oneof![8 => message.clone(), 1 => value()];
    prop_oneof![
        5 => message,
        1 => prop::collection::vec(element, 0..6).prop_map(Tree::Array),
        1 => value(),
    ]
    .boxed()
}
