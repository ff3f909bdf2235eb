//! MCP method names.

use std::fmt;

use crate::Text;

/// What the `params` of a method name: decides the target in a span's name and the
/// attribute that carries it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TargetKind {
    /// A tool, `params.name`.
    Tool,
    /// A prompt, `params.name`.
    Prompt,
    /// A resource, `params.uri`.
    Resource,
    /// Nothing that the conventions record.
    None,
}

macro_rules! methods {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// The method of an MCP message: the well-known values of `mcp.method.name` in the
        /// OpenTelemetry MCP conventions, the methods that MCP 2026-07-28 adds, and those of its
        /// extensions for tasks and skills.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Method {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
            /// Any other method, as the peer wrote it.
            Other(Text),
        }

        impl Method {
            /// Every well-known method.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)+];

            /// Reads a method name; names are case-sensitive.
            #[must_use]
            pub fn parse(name: &str) -> Self {
                Self::known(name.as_bytes())
                    .unwrap_or_else(|| Self::Other(Text::bounded(name, 128)))
            }

            /// The well-known method of this name, which need not have been proven to be text, such
            /// as that in a header.
            #[must_use]
            #[expect(non_upper_case_globals, reason = "named as the variants are")]
            pub fn known(name: &[u8]) -> Option<Self> {
                $(const $variant: &[u8] = $name.as_bytes();)+
                match name {
                    $($variant => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The name as it stands in a message.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(name) => name.as_str(),
                }
            }
        }
    };
}

methods! {
    CompletionComplete = "completion/complete",
    ElicitationCreate = "elicitation/create",
    Initialize = "initialize",
    LoggingSetLevel = "logging/setLevel",
    NotificationsCancelled = "notifications/cancelled",
    NotificationsInitialized = "notifications/initialized",
    NotificationsMessage = "notifications/message",
    NotificationsProgress = "notifications/progress",
    NotificationsPromptsListChanged = "notifications/prompts/list_changed",
    NotificationsResourcesListChanged = "notifications/resources/list_changed",
    NotificationsResourcesUpdated = "notifications/resources/updated",
    NotificationsRootsListChanged = "notifications/roots/list_changed",
    NotificationsSubscriptionsAcknowledged = "notifications/subscriptions/acknowledged",
    NotificationsTasks = "notifications/tasks",
    NotificationsToolsListChanged = "notifications/tools/list_changed",
    Ping = "ping",
    PromptsGet = "prompts/get",
    PromptsList = "prompts/list",
    ResourcesDirectoryRead = "resources/directory/read",
    ResourcesList = "resources/list",
    ResourcesRead = "resources/read",
    ResourcesSubscribe = "resources/subscribe",
    ResourcesTemplatesList = "resources/templates/list",
    ResourcesUnsubscribe = "resources/unsubscribe",
    RootsList = "roots/list",
    SamplingCreateMessage = "sampling/createMessage",
    ServerDiscover = "server/discover",
    SkillsGet = "skills/get",
    SkillsList = "skills/list",
    SubscriptionsListen = "subscriptions/listen",
    TasksCancel = "tasks/cancel",
    TasksGet = "tasks/get",
    TasksUpdate = "tasks/update",
    ToolsCall = "tools/call",
    ToolsList = "tools/list",
}

impl Method {
    /// The name that may stand in a span's name: an unknown method becomes `_OTHER`, so
    /// that a caller cannot make an unbounded set of names.
    #[must_use]
    pub fn span_name(&self) -> &str {
        match self {
            Self::Other(_) => "_OTHER",
            known => known.as_str(),
        }
    }

    /// What the method's parameters name.
    #[must_use]
    pub fn target_kind(&self) -> TargetKind {
        match self {
            Self::ToolsCall => TargetKind::Tool,
            Self::PromptsGet => TargetKind::Prompt,
            Self::ResourcesRead
            | Self::ResourcesSubscribe
            | Self::ResourcesUnsubscribe
            | Self::NotificationsResourcesUpdated => TargetKind::Resource,
            _ => TargetKind::None,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Method;

    #[test]
    fn known_names_round_trip_and_others_stay_out_of_span_names() {
        for method in Method::KNOWN {
            assert_eq!(Method::parse(method.as_str()), *method);
            assert_eq!(method.span_name(), method.as_str());
        }
        let other = Method::parse("Tools/Call");
        assert_eq!(
            (other.as_str(), other.span_name()),
            ("Tools/Call", "_OTHER")
        );
    }
}
