//! A slow and plain reading of messages, answers and event streams with `serde_json`, in which the
//! first of equal keys counts.
#![allow(dead_code, unreachable_pub)]

use std::fmt;

use mcp_envelope::{Answer, Id, Kind, Message, MetaValue, Outgoing};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

// === JSON ===

/// JSON as it was written: members in order, duplicates included.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub fn parse(json: &[u8]) -> Option<Tree> {
        serde_json::from_slice(json).ok()
    }

    /// The first of several values; behind an answer the watcher does not look.
    pub fn first(json: &[u8]) -> Option<Tree> {
        serde_json::Deserializer::from_slice(json)
            .into_iter()
            .next()?
            .ok()
    }

    /// The first member with this key.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Object(members) => members
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        match self {
            Tree::Object(members) => members.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Tree::Object(_))
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        struct TreeVisitor;

        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(i64::try_from(value).map_or(Tree::Float(value as f64), Tree::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Tree::Array(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Tree::Object(members))
            }
        }

        deserializer.deserialize_any(TreeVisitor)
    }
}

// === requests ===

fn kind(message: &Tree) -> Kind {
    let is_id = |id: &Tree| !matches!(id, Tree::Bool(_) | Tree::Array(_) | Tree::Object(_));
    if !message.is_object()
        || message.get("jsonrpc").and_then(Tree::text) != Some("2.0")
        || !message.get("id").is_none_or(is_id)
    {
        return Kind::Unknown;
    }
    let outcome = message.get("result").or(message.get("error"));
    match (message.get("method"), message.get("id"), outcome) {
        (Some(Tree::Text(_)), Some(_), _) => Kind::Request,
        (Some(Tree::Text(_)), None, _) => Kind::Notification,
        (None, _, Some(_)) => Kind::Response,
        _ => Kind::Unknown,
    }
}

fn short(value: Option<&Tree>, limit: usize) -> Option<&str> {
    value
        .and_then(Tree::text)
        .filter(|text| text.len() <= limit)
}

fn meta_value(value: Option<&Tree>, limit: usize) -> MetaValue<'_> {
    match (value, short(value, limit)) {
        (None, _) => MetaValue::Absent,
        (_, Some(text)) => MetaValue::Text(text),
        _ => MetaValue::Invalid,
    }
}

fn check_id(found: Option<&Id>, expected: Option<&Tree>) {
    match expected {
        None | Some(Tree::Null) => assert_eq!(found, None),
        Some(Tree::Int(number)) => assert_eq!(found, Some(&Id::Number(*number))),
        Some(Tree::Text(text)) => {
            assert_eq!(found, Some(&Id::from(text.as_str())));
            let shown = found.map(Id::to_string).unwrap_or_default();
            assert!(text.starts_with(&shown) && shown.len() <= 256);
            assert!(text.len() > 256 || *text == shown);
        }
        // `serde_json` reads -0 as a float.
        Some(Tree::Float(0.0)) if found == Some(&Id::Number(0)) => {}
        Some(_) => assert!(matches!(found, Some(Id::Other(_)))),
    }
}

fn check_message(found: &Message, tree: &Tree) {
    assert!(found.is_complete() && !found.is_malformed() && found.is_trace_settled());
    assert_eq!(found.kind(), kind(tree));
    if found.kind() == Kind::Unknown {
        return;
    }
    let method = short(tree.get("method"), 256);
    assert_eq!(found.method(), method);
    check_id(found.id(), tree.get("id"));

    let params = tree.get("params");
    let param = |key, limit| short(params.and_then(|params| params.get(key)), limit);
    for (found, expected, methods) in [
        (
            found.name(),
            param("name", 1024),
            &["tools/call", "prompts/get"][..],
        ),
        (found.uri(), param("uri", 2048), &["resources/read"]),
        (found.task_id(), param("taskId", 1024), &["tasks/get"]),
    ] {
        // Of other methods the scanner may have stopped before it.
        let must = method.is_some_and(|method| methods.contains(&method));
        assert!(
            found == expected || !must && found.is_none(),
            "{:?} {:?}",
            found,
            expected
        );
    }

    let meta = params.and_then(|params| params.get("_meta"));
    let meta = |key| meta.and_then(|meta| meta.get(key));
    let trace = found.trace();
    assert_eq!(trace.traceparent(), meta_value(meta("traceparent"), 512));
    assert_eq!(trace.tracestate(), meta_value(meta("tracestate"), 8192));
    assert_eq!(trace.baggage(), meta_value(meta("baggage"), 8192));
    let version = short(meta("io.modelcontextprotocol/protocolVersion"), 31);
    let offered = param("protocolVersion", 31).filter(|_| method == Some("initialize"));
    assert_eq!(found.protocol_version(), version.or(offered));
}

pub fn check_body(found: &Message, tree: &Tree) {
    let Tree::Array(members) = tree else {
        return check_message(found, tree);
    };
    assert_eq!(found.kind(), Kind::Batch);
    assert_eq!(found.member_count(), members.len());
    assert_eq!(found.members().len(), members.len().min(64));
    for (found, tree) in found.members().iter().zip(members) {
        check_message(found, tree);
    }
}

// === answers ===

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub error: Option<(i64, String)>,
    pub tool_error: bool,
    pub protocol_version: Option<String>,
    pub result_type: Option<String>,
}

impl From<&Answer> for Outcome {
    fn from(answer: &Answer) -> Outcome {
        Outcome {
            error: answer
                .error()
                .map(|error| (error.code(), error.message().to_owned())),
            tool_error: answer.is_tool_error(),
            protocol_version: answer.protocol_version().map(str::to_owned),
            result_type: answer.result_type().map(str::to_owned),
        }
    }
}

fn outcome(tree: &Tree, wanted: Option<&Id>) -> Option<Outcome> {
    let error = tree
        .get("error")
        .filter(|error| !matches!(error, Tree::Null));
    if tree.get("method").is_some() || error.is_none() && tree.get("result").is_none() {
        return None;
    }
    let is_mine = match (tree.get("id"), wanted) {
        (_, None) => true,
        (None | Some(Tree::Null), Some(_)) => error.is_some(),
        (Some(Tree::Int(number)), Some(id)) => Id::Number(*number).answers(id),
        (Some(Tree::Text(text)), Some(id)) => Id::from(text.as_str()).answers(id),
        _ => false,
    };
    let error = error.map(|error| {
        let code = if let Some(Tree::Int(code)) = error.get("code") {
            *code
        } else {
            0
        };
        let message = error
            .get("message")
            .and_then(Tree::text)
            .unwrap_or_default();
        let end = (0..=message.len().min(1024))
            .rev()
            .find(|end| message.is_char_boundary(*end));
        (code, message[..end.unwrap_or(0)].to_owned())
    });
    let result = tree.get("result");
    let word = |key| {
        let text = short(result.and_then(|result| result.get(key)), 31)?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    is_mine.then(|| Outcome {
        error,
        tool_error: result.and_then(|result| result.get("isError")) == Some(&Tree::Bool(true)),
        protocol_version: word("protocolVersion"),
        result_type: word("resultType"),
    })
}

pub fn outcome_of_body(tree: &Tree, wanted: Option<&Id>) -> Option<Outcome> {
    match tree {
        Tree::Array(members) => members.iter().find_map(|member| outcome(member, wanted)),
        _ => outcome(tree, wanted),
    }
}

/// The data of each event and where it is dispatched: at the first byte of the end of its blank
/// line.
pub fn events(stream: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut events = Vec::new();
    let mut data: Option<Vec<u8>> = None;
    let mut at = if stream.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    while let Some(len) = stream[at..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
    {
        let (line, end) = (&stream[at..at + len], at + len);
        at = end
            + if stream[end..].starts_with(b"\r\n") {
                2
            } else {
                1
            };
        if line.is_empty() {
            events.extend(data.take().map(|data| (data, end)));
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name == b"data" {
            match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend(value);
                }
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}

// === splices ===

/// Members that are added are there, and nothing else has changed.
pub fn check_splice(body: &[u8], members: &[(&str, &str)]) {
    let Some(tree) = Tree::parse(body) else {
        return;
    };
    let outgoing = Outgoing::scan(body);
    let is_message = matches!(
        outgoing.message().kind(),
        Kind::Request | Kind::Notification
    );
    let params = tree.get("params");
    let meta = params.and_then(|params| params.get("_meta"));
    let has_room = params.is_none_or(Tree::is_object) && meta.is_none_or(Tree::is_object);

    let splice = outgoing.splice(members);
    assert_eq!(splice.is_ok(), is_message && has_room);
    let Ok(splice) = splice else { return };
    let spliced = splice.apply();

    // All bytes of the body are still there, with some in between.
    let before = body
        .iter()
        .zip(&spliced)
        .take_while(|(old, new)| old == new)
        .count();
    let after = body
        .iter()
        .rev()
        .zip(spliced.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    assert!(before + after >= body.len());
    assert_eq!(spliced.len(), splice.total_len());
    assert_eq!(spliced.len(), body.len() + splice.added_len());

    // The tree is the old one with the members that it did not have.
    let mut expected = tree.clone();
    let new: Vec<(String, Tree)> = members
        .iter()
        .enumerate()
        .filter(|(index, (key, _))| {
            !members[..*index].iter().any(|(earlier, _)| earlier == key)
                && meta.and_then(|meta| meta.get(key)).is_none()
        })
        .map(|(_, (key, value))| ((*key).to_owned(), Tree::Text((*value).to_owned())))
        .collect();
    assert_eq!(splice.is_noop(), new.is_empty());
    if !new.is_empty() {
        add(&mut expected, new);
    }
    assert_eq!(Tree::parse(&spliced), Some(expected));
}

fn add(message: &mut Tree, new: Vec<(String, Tree)>) {
    let empty = || Tree::Object(Vec::new());
    if message.get("params").is_none() {
        let Tree::Object(members) = message else {
            unreachable!("a message is an object")
        };
        members.push(("params".to_owned(), empty()));
    }
    let Some(Tree::Object(params)) = message.get_mut("params") else {
        unreachable!("checked before")
    };
    if !params.iter().any(|(key, _)| key == "_meta") {
        params.insert(0, ("_meta".to_owned(), empty()));
    }
    let meta = params.iter_mut().find(|(key, _)| key == "_meta");
    let Some((_, Tree::Object(meta))) = meta else {
        unreachable!("checked before")
    };
    meta.splice(0..0, new);
}
