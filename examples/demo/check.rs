//! Is it one trace, and of the right shape?

use std::fmt;

use mcp_trace_examples::{Kind, Span};

use crate::plan::{AGENT, BY_HEADER, BY_META, FIRST_LLM, FORECAST_TAKES, Link, SECOND_LLM, SERVER};

/// What one run of the agent must look like at the collector.
const RUN: Expected = Expected {
    below: &[
        Expected::server("initialize"),
        Expected::server("notifications/initialized"),
        Expected {
            times: 4,
            llm: Some(FIRST_LLM),
            below: &[Expected {
                below: &[Expected {
                    service: SERVER,
                    link: Some(Link::Handler),
                    ..Expected::client("GET")
                }],
                ..Expected::server("tools/call get_weather")
            }],
            ..Expected::client("tools/call get_weather")
        },
        Expected {
            times: 2,
            llm: Some(SECOND_LLM),
            below: &[Expected::server("tools/call get_forecast")],
            ..Expected::client("tools/call get_forecast")
        },
        Expected {
            request_id: Some(BY_HEADER),
            link: Some(Link::Header),
            ..Expected::server("tools/call whoami")
        },
        Expected {
            request_id: Some(BY_META),
            link: Some(Link::Meta),
            ..Expected::server("tools/call whoami")
        },
    ],
    ..Expected::new(AGENT, Kind::Internal, "invoke_agent weather_agent")
};

/// What is wrong with the spans of one run of the agent. Empty: nothing.
pub(crate) fn problems(spans: &[Span]) -> Vec<Problem> {
    let mut problems = Problems::default();
    let roots: Vec<&Span> = spans.iter().filter(|span| RUN.is(span)).collect();
    match roots.as_slice() {
        [root] => {
            if root.parent_id.is_some() {
                problems.shape(format!("{root} is not the root of the trace"));
            }
            let mut seen = vec![*root];
            RUN.look_below(root, spans, &mut seen, &mut problems);
            for stray in spans.iter().filter(|span| !seen.contains(span)) {
                let place = match (&stray.parent_id, stray.trace_id == root.trace_id) {
                    (None, _) => "is the root of a trace of its own",
                    (Some(_), true) => "is not where it should be in the trace",
                    (Some(_), false) => "is in another trace",
                };
                problems.shape(format!("{stray} {place}"));
            }
        }
        _ => problems.shape(format!(
            "{} spans of the agent, instead of one",
            roots.len()
        )),
    }
    errors(spans, &mut problems);
    links(spans, &mut problems);
    times(spans, &mut problems);
    problems.0
}

/// The call that fails, and what it consists of, and nothing else.
fn errors(spans: &[Span], problems: &mut Problems) {
    for (kind, name, error) in [
        (Kind::Client, "tools/call get_weather", "tool_error"),
        (Kind::Server, "tools/call get_weather", "tool_error"),
        (Kind::Client, "GET", "404"),
    ] {
        let failed = spans.iter().filter(|span| {
            span.is_error()
                && (span.kind, span.name.as_str()) == (kind, name)
                && span.attribute("error.type") == Some(error)
        });
        let failed = failed.count();
        if failed != 1 {
            problems.shape(format!(
                "{failed} spans `{name}` ({kind}) failed with {error}, instead of one"
            ));
        }
    }
    let failed = spans.iter().filter(|span| span.is_error()).count();
    if failed != 3 {
        problems.shape(format!("{failed} spans failed, instead of three"));
    }
}

/// Header and `_meta` name the same span, so that there is nothing to link to.
fn links(spans: &[Span], problems: &mut Problems) {
    for span in spans.iter().filter(|span| !span.links.is_empty()) {
        problems.shape(format!("{span} was sent two different contexts"));
    }
}

/// What is below a span begins after it, and a SERVER span covers the work of its tool.
fn times(spans: &[Span], problems: &mut Problems) {
    for span in spans {
        let parents = spans.iter().filter(|parent| span.is_child_of(parent));
        for parent in parents.filter(|parent| parent.start > span.start) {
            problems.shape(format!("{span} begins before {parent}"));
        }
        if span.kind == Kind::Server
            && span.name == "tools/call get_forecast"
            && span.duration() < FORECAST_TAKES
        {
            problems.shape(format!("{span} is shorter than the tool's work"));
        }
    }
}

/// A kind of span, and what must be below each of them.
struct Expected {
    service: &'static str,
    kind: Kind,
    name: &'static str,
    /// Which of the calls of one tool.
    request_id: Option<&'static str>,
    /// How many there are below one parent.
    times: usize,
    /// The model that asked for it: provider and name.
    llm: Option<[&'static str; 2]>,
    /// What hands the trace over from the parent, where that can be left out.
    link: Option<Link>,
    below: &'static [Expected],
}

impl Expected {
    const fn new(service: &'static str, kind: Kind, name: &'static str) -> Self {
        Self {
            service,
            kind,
            name,
            request_id: None,
            times: 1,
            llm: None,
            link: None,
            below: &[],
        }
    }

    const fn client(name: &'static str) -> Self {
        Self::new(AGENT, Kind::Client, name)
    }

    const fn server(name: &'static str) -> Self {
        Self::new(SERVER, Kind::Server, name)
    }

    fn is(&self, span: &Span) -> bool {
        let id = span.attribute("jsonrpc.request.id");
        (self.service, self.kind, self.name) == (&span.service, span.kind, &span.name)
            && (self.request_id.is_none() || self.request_id == id)
    }

    /// Compares what is below `parent`, which is one of these, with what should be there.
    fn look_below<'a>(
        &self,
        parent: &Span,
        spans: &'a [Span],
        seen: &mut Vec<&'a Span>,
        problems: &mut Problems,
    ) {
        for expected in self.below {
            let below = |span: &&Span| expected.is(span) && span.is_child_of(parent);
            let found: Vec<&Span> = spans.iter().filter(below).collect();
            if found.len() != expected.times {
                let (found, times) = (found.len(), expected.times);
                problems.add(Problem {
                    link: expected.link.filter(|_| found < times),
                    what: format!("{found} of {times} {expected} below {parent}"),
                });
            }
            for span in found {
                seen.push(span);
                let llm = ["provider", "model"].map(|key| span.attribute(key).unwrap_or("none"));
                if expected.llm.is_some_and(|expected| expected != llm) {
                    problems.shape(format!("{span} was asked for by {llm:?}"));
                }
                expected.look_below(span, spans, seen, problems);
            }
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} of {})", self.name, self.kind, self.service)
    }
}

/// Something that is not as it should be.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    /// The hand-over that is missing, if that is why.
    pub(crate) link: Option<Link>,
    pub(crate) what: String,
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn shape(&mut self, what: String) {
        self.add(Problem { link: None, what });
    }

    /// The same thing may be wrong with several spans: once is enough.
    fn add(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(link) = self.link {
            let name = match link {
                Link::Header => "the `traceparent` header",
                Link::Meta => "`params._meta`",
                Link::Handler => "`TracedHandler`",
            };
            write!(f, "missing link: {name}. ")?;
        }
        f.write_str(&self.what)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mcp_trace_examples::Status;

    use super::*;

    #[test]
    fn a_whole_run_has_no_problem() {
        assert_eq!(problems(&run()), []);
    }

    #[test]
    fn every_span_is_needed() {
        each(|spans, at| drop(spans.remove(at)));
    }

    #[test]
    fn every_span_has_its_place() {
        each(|spans, at| spans[at].parent_id = None);
        each(|spans, at| spans[at].parent_id = Some("ffffffffffffffff".to_owned()));
        each(|spans, at| spans[at].trace_id = "another trace".to_owned());
    }

    #[test]
    fn every_span_is_what_it_should_be() {
        each(|spans, at| spans[at].service = "another service".to_owned());
        each(|spans, at| spans[at].kind = Kind::Other);
        each(|spans, at| spans[at].name.push('!'));
        // Nothing is above the root, which may begin when it likes.
        each(|spans, at| spans[at].start *= u64::from(at == 0));
        each(|spans, at| spans[at].links.push(Default::default()));
        each(|spans, at| {
            spans[at].status = match spans[at].status {
                Status::Error(_) => Status::Unset,
                _ => Status::Error(String::new()),
            };
        });
    }

    #[test]
    fn a_span_too_many_is_seen() {
        each(|spans, at| {
            let mut twin = spans[at].clone();
            twin.span_id = "ffffffffffffffff".to_owned();
            spans.push(twin);
        });
    }

    #[test]
    fn tool_calls_carry_the_model_before_them() {
        let mut spans = run();
        let clients = |spans: &[Span]| {
            let ours = |span: &&Span| span.service == AGENT && span.kind == Kind::Client;
            spans.iter().filter(ours).count()
        };
        assert_eq!(clients(&spans), 6);
        for at in 0..spans.len() {
            if spans[at].service == AGENT && spans[at].kind == Kind::Client {
                let model = spans[at]
                    .attributes
                    .insert("model".to_owned(), "other".to_owned());
                assert_eq!(problems(&spans).len(), 1, "{}", spans[at]);
                spans[at]
                    .attributes
                    .insert("model".to_owned(), model.unwrap());
            }
        }
    }

    #[test]
    fn a_missing_link_is_named() {
        for (link, is) in [
            (Link::Header, ("tools/call whoami", Some(BY_HEADER))),
            (Link::Meta, ("tools/call whoami", Some(BY_META))),
            (Link::Handler, ("GET", None)),
        ] {
            let mut spans = run();
            for (at, span) in spans.iter_mut().enumerate() {
                if is == (span.name.as_str(), span.attribute("jsonrpc.request.id")) {
                    span.parent_id = None;
                    span.trace_id = format!("{at:032}");
                }
            }
            let problems = problems(&spans);
            assert_eq!(problems[0].link, Some(link), "{problems:?}");
            assert!(problems[1..].iter().all(|problem| problem.link.is_none()));
        }
    }

    /// Breaks every span of a run in turn: each time something must be wrong.
    fn each(breaks: impl Fn(&mut Vec<Span>, usize)) {
        for at in 0..run().len() {
            let mut spans = run();
            let broken = spans[at].clone();
            breaks(&mut spans, at);
            if spans != run() {
                assert_ne!(problems(&spans), [], "unnoticed: {broken}");
            }
        }
    }

    /// The spans of a run, as `RUN` describes it.
    fn run() -> Vec<Span> {
        let mut spans = Vec::new();
        add(&RUN, None, &mut spans);
        // The last of the four calls fails, all the way down.
        let failed = |name: &str| name == "GET" || name.ends_with("get_weather");
        let failing = spans.iter_mut().filter(|span| failed(&span.name));
        for span in failing.skip(9) {
            span.status = Status::Error(String::new());
            let error = if span.name == "GET" {
                "404"
            } else {
                "tool_error"
            };
            span.attributes
                .insert("error.type".to_owned(), error.to_owned());
        }
        spans
    }

    fn add(expected: &Expected, parent: Option<&str>, spans: &mut Vec<Span>) {
        for _ in 0..expected.times {
            let span_id = format!("{:016x}", spans.len());
            let mut attributes = BTreeMap::new();
            let mut set =
                |key: &str, value: &str| attributes.insert(key.to_owned(), value.to_owned());
            if let Some([provider, model]) = expected.llm {
                set("provider", provider);
                set("model", model);
            }
            if let Some(id) = expected.request_id {
                set("jsonrpc.request.id", id);
            }
            let start = 1 + spans.len() as u64;
            spans.push(Span {
                trace_id: "the trace".to_owned(),
                span_id: span_id.clone(),
                parent_id: parent.map(str::to_owned),
                service: expected.service.to_owned(),
                name: expected.name.to_owned(),
                kind: expected.kind,
                start,
                end: start + FORECAST_TAKES.as_nanos() as u64,
                status: Status::Unset,
                attributes,
                links: Vec::new(),
            });
            for below in expected.below {
                add(below, Some(&span_id), spans);
            }
        }
    }
}
