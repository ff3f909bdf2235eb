//! Typed elicitation means the same as without the wrapper, and is two spans more.

mod support;

use std::time::Duration;

use mcp_trace::{Method, SpanKind};
use mcp_trace_rmcp::{TracedHandler, wrap_mcp};
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
};
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt, elicit_safe, schemars};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Tools, sink, spans, until};

#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[allow(dead_code)] // printed
struct City {
    name: String,
}

elicit_safe!(City);

/// A user who always answers like this.
#[derive(Clone)]
struct User {
    action: ElicitationAction,
    content: Option<Value>,
    asked: ClientCapabilities,
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.capabilities = self.asked.clone();
        config
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        if let ElicitRequestParams::FormElicitationParams {
            requested_schema, ..
        } = &request
        {
            assert!(requested_schema.properties.contains_key("name"));
        }
        let mut result = ElicitResult::new(self.action.clone());
        result.content = self.content.clone();
        Ok(result)
    }
}

#[tokio::test]
async fn every_answer_means_the_same() {
    let all: ClientCapabilities =
        serde_json::from_value(json!({"elicitation": {"form": {}, "url": {}}})).unwrap();
    let answers = [
        (
            ElicitationAction::Accept,
            Some(json!({"name": "Oslo"})),
            &all,
            "Ok(Some(City",
        ),
        (
            ElicitationAction::Accept,
            Some(json!({"name": 1})),
            &all,
            "ParseError",
        ),
        (ElicitationAction::Accept, None, &all, "NoContent"),
        (ElicitationAction::Decline, None, &all, "UserDeclined"),
        (ElicitationAction::Cancel, None, &all, "UserCancelled"),
        (
            ElicitationAction::Accept,
            None,
            &ClientCapabilities::default(),
            "CapabilityNotSupported",
        ),
    ];
    for (action, content, asked, expected) in answers {
        let sink = sink();
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = tokio::spawn(async move { Tools.serve(far).await.unwrap() });
        let user = User {
            action,
            content,
            asked: asked.clone(),
        };
        let user = TracedHandler::new(user).with_sink(sink.clone());
        let _client = user.serve(near).await.unwrap();
        let server = server.await.unwrap();
        let (bare, traced) = (
            server.peer(),
            wrap_mcp(server.peer().clone()).with_sink(sink.clone()),
        );

        let said = format!("{:?}", traced.elicit::<City>("Where?").await);
        assert!(said.contains(expected), "{said}");
        assert_eq!(said, format!("{:?}", bare.elicit::<City>("Where?").await));

        let url = || url::Url::parse("https://example.com/").unwrap();
        let patience = Some(Duration::from_secs(5));
        let said = traced
            .elicit_url_with_timeout("Go", url(), "1", patience)
            .await;
        let bare = bare
            .elicit_url_with_timeout("Go", url(), "1", patience)
            .await;
        assert_eq!(format!("{said:?}"), format!("{bare:?}"));

        let asks = spans(&sink, SpanKind::Client, &Method::ElicitationCreate);
        let sent = if expected == "CapabilityNotSupported" {
            0
        } else {
            2
        };
        assert_eq!(asks.len(), sent, "{expected}");
        until("the client's spans", || {
            spans(&sink, SpanKind::Server, &Method::ElicitationCreate).len() == 2 * sent
        })
        .await;
    }
}
