//! The pictures under `docs/`.

use std::fs;
use std::path::Path;

use mcp_trace_viewer::Viewer;
use serde_json::{Value, json};

use crate::otlp::{MS, now, push, span, text};
use crate::start;
use crate::webdriver::with_browser;

/// Makes them anew: `cargo test -p mcp-trace-viewer --test browser -- --ignored screenshots`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes to docs/"]
async fn screenshots() {
    with_browser(async |browser| {
        let viewer = start(Viewer::new()).await;
        let mut chance = Chance(7);
        let now = now();
        for i in (0..40).rev() {
            let start = now - i * 9_700 * MS - chance.below(4_000) * MS;
            Run::new(i, start, &mut chance).push(&viewer).await;
        }
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for (theme, dark) in [("light", false), ("dark", true)] {
            browser.look(1200, 720, dark).await;
            browser.open(&format!("{viewer}/")).await;
            let listed = "return document.querySelectorAll('#list-rows [role=row]').length";
            browser
                .until("the list", listed, |rows| rows.as_u64() > Some(9))
                .await;
            let picture = browser.screenshot().await;
            fs::write(docs.join(format!("viewer-list-{theme}.png")), picture).unwrap();

            let id = Run::id(SHOWN);
            browser
                .open(&format!("{viewer}/#/trace/{id}?span={:016x}", 0x1003))
                .await;
            let open = "return document.getElementById('details').innerText";
            browser
                .until("a span", open, |text| text.as_str() != Some(""))
                .await;
            let picture = browser.screenshot().await;
            fs::write(docs.join(format!("viewer-trace-{theme}.png")), picture).unwrap();
            // A new document, for the other theme.
            browser.open("about:blank").await;
        }
    })
    .await;
}

/// The run of which the waterfall is shown: one with an error.
const SHOWN: u64 = 2;

/// A tool: its name, its server, the milliseconds that it usually takes.
type Tool = (&'static str, &'static str, u64);

/// Agents and the tools that they call.
const AGENTS: [(&str, &[Tool]); 3] = [
    (
        "weather_agent",
        &[
            ("get_weather", "weather-tools", 140),
            ("get_forecast", "weather-tools", 260),
        ],
    ),
    (
        "research_agent",
        &[
            ("search_docs", "docs-search", 420),
            ("fetch_url", "web-tools", 610),
            ("search_docs", "docs-search", 300),
        ],
    ),
    (
        "report_agent",
        &[
            ("run_query", "warehouse", 900),
            ("send_mail", "mailer", 180),
        ],
    ),
];

/// One run of an agent.
struct Run {
    trace: String,
    agent: (String, Vec<Value>),
    servers: Vec<(&'static str, Value)>,
    next_id: u64,
}

impl Run {
    fn id(number: u64) -> String {
        format!(
            "{:032x}",
            0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4700_u128 + u128::from(number)
        )
    }

    fn new(number: u64, start: u64, chance: &mut Chance) -> Self {
        let (agent, calls) = AGENTS[number as usize % AGENTS.len()];
        let mut run = Self {
            trace: Self::id(number),
            agent: (agent.replace('_', "-"), Vec::new()),
            servers: Vec::new(),
            next_id: 0x1000,
        };
        let root = run.take_id();
        let mut at = start + 30 * MS;
        let rounds = if number == SHOWN {
            2
        } else {
            1 + chance.below(2)
        };
        for (i, (tool, server, usual)) in calls
            .iter()
            .cycle()
            .take(calls.len() * rounds as usize)
            .enumerate()
        {
            let took = (usual / 2 + chance.below(*usual)) * MS;
            let failed = if number == SHOWN {
                i == 1
            } else {
                chance.below(16) == 0
            };
            run.call(&root, tool, server, [at, at + took], failed);
            at += took + (5 + chance.below(60)) * MS;
        }
        let mut agent_span = span(
            &run.trace,
            &root,
            "",
            &format!("invoke_agent {agent}"),
            [start, at],
        );
        agent_span["attributes"] = json!([
            text("gen_ai.operation.name", "invoke_agent"),
            text("gen_ai.agent.name", agent)
        ]);
        run.agent.1.push(agent_span);
        run
    }

    fn call(
        &mut self,
        root: &str,
        tool: &str,
        server: &'static str,
        [from, to]: [u64; 2],
        failed: bool,
    ) {
        let (caller, callee, inner) = (self.take_id(), self.take_id(), self.take_id());
        let took = to - from;
        let name = format!("tools/call {tool}");
        let mut attributes = vec![
            text("mcp.method.name", "tools/call"),
            text("gen_ai.tool.name", tool),
            text("gen_ai.operation.name", "execute_tool"),
            text("mcp.protocol.version", "2026-07-28"),
            text("model", "gpt-4o"),
            text("provider", "openai"),
        ];
        let mut status = json!({});
        if failed {
            attributes.push(text("error.type", "tool_error"));
            status = json!({"code": 2, "message": "upstream answered 503"});
        }
        let served = [from + took / 14, to - took / 20];
        let within = [served[0] + took / 10, served[1] - took / 4];
        let what = if server == "warehouse" {
            "SELECT sales"
        } else {
            "GET"
        };
        for (id, parent, name, times, kind, service) in [
            (&caller, root, name.as_str(), [from, to], 3, None),
            (
                &callee,
                caller.as_str(),
                name.as_str(),
                served,
                2,
                Some(server),
            ),
            (&inner, callee.as_str(), what, within, 3, Some(server)),
        ] {
            let mut span = span(&self.trace, id, parent, name, times);
            span["kind"] = json!(kind);
            span["status"] = status.clone();
            span["attributes"] = json!(attributes);
            if failed && id == &callee {
                span["events"] = json!([{"name": "exception", "timeUnixNano": within[1].to_string(), "attributes": [
                    text("exception.type", "UpstreamError"), text("exception.message", "503 Service Unavailable")]}]);
            }
            match service {
                None => self.agent.1.push(span),
                Some(service) => self.servers.push((service, span)),
            }
        }
    }

    fn take_id(&mut self) -> String {
        self.next_id += 1;
        format!("{:016x}", self.next_id)
    }

    async fn push(&self, viewer: &str) {
        for (service, span) in &self.servers {
            push(viewer, service, std::slice::from_ref(span)).await;
        }
        push(viewer, &self.agent.0, &self.agent.1).await;
    }
}

/// The same pictures each time, but for the clock: a linear congruential generator.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
