//! Sessions count when they end, and those that never do take no more than their share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_trace::{
    AttributeVisitor, EndedOperation, EndedSession, McpCall, Method, Network, NetworkPeer,
    OperationObserver, ProtocolVersion, Sessions, SpanKind, Text, add_observer,
};

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(&'static str, Duration, Vec<String>)>>);

struct Words(Vec<String>);

impl AttributeVisitor for Words {
    fn text(&mut self, key: &str, value: &str) {
        self.0.push(format!("{key}={value}"));
    }
    fn int(&mut self, key: &str, value: i64) {
        self.0.push(format!("{key}={value}"));
    }
    fn float(&mut self, _: &str, _: f64) {
        unreachable!()
    }
    fn bool(&mut self, _: &str, _: bool) {
        unreachable!()
    }
}

impl OperationObserver for Seen {
    fn observe(&self, _: &EndedOperation<'_>) {}

    fn observe_session(&self, session: &EndedSession<'_>) {
        let mut words = Words(Vec::new());
        session.visit_metric_attributes(&mut words);
        let all = (session.metric().unwrap(), session.duration, words.0);
        self.0.lock().unwrap().push(all);
    }
}

fn initialize(id: &str) -> McpCall {
    let mut call = McpCall::new(Method::Initialize);
    call.session_id = Some(Text::new(id));
    call.protocol_version = Some(ProtocolVersion::V2025_11_25);
    call.network = Network::http(http::Version::HTTP_11);
    call.network.peer = Some(NetworkPeer::new("192.0.2.1", Some(81)));
    call
}

// One test: observers belong to the process.
#[test]
fn a_session_counts_once_when_it_ends() {
    let sessions = Sessions::new(SpanKind::Server);
    sessions.begin(&initialize("nobody observes"));
    assert_eq!(sessions.open(), 0);

    let seen = Arc::new(Seen::default());
    let _guard = add_observer(seen.clone());
    let take = || std::mem::take(&mut *seen.0.lock().unwrap());
    sessions.begin(&McpCall::new(Method::Initialize)); // without an id
    assert_eq!(sessions.open(), 0);
    sessions.begin(&initialize("a"));
    std::thread::sleep(Duration::from_millis(5));
    sessions.end(&"b".into(), None);
    sessions.end(&"a".into(), None);
    sessions.end(&"a".into(), None);
    let [(metric, duration, words)] = take().try_into().unwrap();
    assert_eq!(metric, "mcp.server.session.duration");
    assert!(duration >= Duration::from_millis(5));
    let connection = [
        "mcp.protocol.version=2025-11-25",
        "network.transport=tcp",
        "network.protocol.name=http",
        "network.protocol.version=1.1",
    ];
    assert_eq!(words, connection, "no id, no address of a caller");

    let client = Sessions::new(SpanKind::Client);
    client.begin(&initialize("a"));
    client.end(&"a".into(), Some("404"));
    let [(metric, _, words)] = take().try_into().unwrap();
    assert_eq!(metric, "mcp.client.session.duration");
    assert_eq!(words[0], "error.type=404");
    assert_eq!(words[5..], ["server.address=192.0.2.1", "server.port=81"]);

    for n in 0..Sessions::MAX_OPEN + 2 {
        sessions.begin(&initialize(&n.to_string()));
        sessions.begin(&initialize(&n.to_string())); // a second answer with the same id
    }
    assert_eq!(
        (sessions.open(), sessions.given_up()),
        (Sessions::MAX_OPEN, 2)
    );
    let shown = format!("{sessions:?}");
    assert_eq!(shown, "Sessions { kind: Server, open: 10000, .. }", "no id");
    sessions.end(&"1".into(), None);
    assert_eq!(take(), [], "the oldest are given up");
    sessions.end(&"2".into(), None);
    assert_eq!((take().len(), sessions.open()), (1, Sessions::MAX_OPEN - 1));
}
