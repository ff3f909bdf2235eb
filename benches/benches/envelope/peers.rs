//! What the scanner is compared with.

#![allow(dead_code, reason = "it is the reading that is measured")]

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Request<'b> {
    pub id: i64,
    #[serde(borrow)]
    pub method: Cow<'b, str>,
    pub params: Params<'b>,
}

#[derive(Deserialize)]
pub struct Params<'b> {
    #[serde(borrow)]
    pub name: Option<&'b str>,
    #[serde(borrow)]
    pub _meta: Option<Meta<'b>>,
}

#[derive(Deserialize)]
pub struct Meta<'b> {
    #[serde(borrow)]
    pub traceparent: Option<Cow<'b, str>>,
    #[serde(borrow)]
    pub tracestate: Option<Cow<'b, str>>,
}

#[derive(Deserialize)]
pub struct Answer<'b> {
    pub id: i64,
    #[serde(borrow)]
    pub result: Outcome<'b>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome<'b> {
    pub is_error: Option<bool>,
    #[serde(borrow)]
    pub result_type: Option<Cow<'b, str>>,
}

pub fn serde_request(body: &[u8]) -> Request<'_> {
    serde_json::from_slice(body).expect("a request")
}

pub fn sonic_request(body: &[u8]) -> Request<'_> {
    sonic_rs::from_slice(body).expect("a request")
}

pub fn serde_answer(body: &[u8]) -> Answer<'_> {
    serde_json::from_slice(body).expect("an answer")
}

pub fn sonic_answer(body: &[u8]) -> Answer<'_> {
    sonic_rs::from_slice(body).expect("an answer")
}

pub fn serde_splice(body: &[u8], members: &[(&str, &str)]) -> Vec<u8> {
    let mut message: Value = serde_json::from_slice(body).expect("a request");
    let meta = &mut message["params"]["_meta"];
    for (key, value) in members {
        meta[*key] = Value::from(*value);
    }
    serde_json::to_vec(&message).expect("a tree can be written")
}

/// The least that has to be done: to know which brackets are in strings, and how deep one is.
pub fn by_hand(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    while let Some(byte) = body.get(at) {
        at += 1;
        match byte {
            b'"' => {
                while let Some(run) = memchr::memchr2(b'"', b'\\', &body[at..]) {
                    at += run + 1;
                    if body[at - 1] == b'"' {
                        break;
                    }
                    at += 1;
                }
            }
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    deepest
}
