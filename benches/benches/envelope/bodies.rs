//! Messages as real peers write them, each a little different from the next.

use rand::{RngExt, rngs::ThreadRng};

use crate::Least;

/// Far more than a branch predictor learns.
const INPUTS: usize = 512;

const WORDS: [&str; 8] = [
    "wind",
    "rain",
    "temperature",
    "a",
    "humidity of the air",
    "UV",
    "pollen",
    "visibility",
];

pub fn requests(write: impl Fn(&mut ThreadRng) -> String) -> Vec<Vec<u8>> {
    let mut random = rand::rng();
    (0..INPUTS)
        .map(|_| write(&mut random).into_bytes())
        .collect()
}

fn word(random: &mut ThreadRng) -> &'static str {
    WORDS[random.random_range(0..WORDS.len())]
}

fn parent(random: &mut ThreadRng) -> String {
    format!(
        "00-{:032x}-{:016x}-01",
        random.random::<u128>(),
        random.random::<u64>()
    )
}

fn arguments(random: &mut ThreadRng) -> String {
    let mut detail: Vec<String> = (0..random.random_range(1..5))
        .map(|_| format!("\"{}\"", word(random)))
        .collect();
    detail.dedup();
    format!(
        r#"{{"city":"{}","units":"metric","days":{},"detail":[{}],"lang":"en"}}"#,
        word(random),
        random.random_range(0..1000),
        detail.join(","),
    )
}

/// As rmcp does.
pub fn rust(random: &mut ThreadRng) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"_meta":{{"progressToken":0,"traceparent":"{}","tracestate":"{}=client"}},"name":"get_{}","arguments":{}}}}}"#,
        random.random_range(0..100_000),
        parent(random),
        word(random).len(),
        word(random),
        arguments(random),
    )
}

/// As the Python SDK does.
pub fn python(random: &mut ThreadRng) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"get_{}","arguments":{},"_meta":{{"progressToken":0,"traceparent":"{}","tracestate":"{}=client"}}}}}}"#,
        random.random_range(0..100_000),
        word(random),
        arguments(random),
        parent(random),
        word(random).len(),
    )
}

/// Without a trace context.
pub fn bare(random: &mut ThreadRng) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"get_{}","arguments":{{"note":"{}","query":{},"options":{}}}}}}}"#,
        random.random_range(0..100_000),
        word(random),
        [word(random); 6].join(" "),
        arguments(random),
        arguments(random),
    )
}

pub fn answer(random: &mut ThreadRng) -> String {
    wrap(&format!(
        r#"[{{"type":"text","text":"{} and {} in the Netherlands"}}]"#,
        word(random),
        word(random)
    ))
}

fn wrap(content: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":{content},"isError":false}}}}"#)
}

pub fn event(json: &[u8]) -> Vec<u8> {
    [b"data: ", json, b"\n\n"].concat()
}

/// Answers of half a megabyte.
pub fn large() -> Vec<(&'static str, Vec<u8>, Least)> {
    const BYTES: usize = 512 * 1024;

    let mut random = rand::rng();
    let mut list = |write: &dyn Fn(&mut ThreadRng) -> String| {
        let mut list = String::new();
        while list.len() < BYTES {
            list += &write(&mut random);
            list += ",";
        }
        list + "0"
    };
    let row = |random: &mut ThreadRng| {
        let id = random.random_range(0..100_000);
        let (word, ok) = (word(random), random.random::<bool>());
        format!(
            r#"{{"id":{id},"name":"{word}","ok":{ok},"score":{}.5,"tags":["a","{word}"]}}"#,
            id % 100
        )
    };
    let numbers = |random: &mut ThreadRng| {
        format!(
            "[{},{:.3},-{}]",
            random.random::<u16>(),
            random.random::<f64>(),
            random.random::<u8>()
        )
    };
    let sentence = |random: &mut ThreadRng| match random.random_range(0..5) {
        0 => "She said \\\"yes\\\" and left; ".to_owned(),
        _ => format!(
            "The quick brown fox jumps over the {}, and nobody knows quite why it does.\\n",
            word(random)
        ),
    };
    let image = |random: &mut ThreadRng| format!("{:032X}/+", random.random::<u128>());
    let rows = wrap(&format!("[{}]", list(&row)));
    let numbers = wrap(&format!("[{}]", list(&numbers)));
    let text = wrap(&format!(
        r#"[{{"type":"text","text":"{}"}}]"#,
        list(&sentence)
    ));
    let image = wrap(&format!(
        r#"[{{"type":"image","data":"{}"}}]"#,
        list(&image).replace(',', "")
    ));
    vec![
        (
            "rows of small objects",
            rows.into_bytes(),
            Least::Speed(0.9),
        ),
        ("rows of numbers", numbers.into_bytes(), Least::Speed(0.9)),
        ("prose", text.into_bytes(), Least::Speed(5.0)),
        (
            "an image as base64",
            image.into_bytes(),
            Least::OfMemchr(0.9),
        ),
    ]
}
