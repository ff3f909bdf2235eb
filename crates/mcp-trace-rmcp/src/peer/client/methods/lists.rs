//! Lists.

use mcp_trace::Method;
use rmcp::RoleClient;
use rmcp::model::{
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, PaginatedRequestParams, Prompt, RequestParamsMeta, Resource, ResourceTemplate,
    Skill, Tool,
};

use super::Answer;
use crate::TracedPeer;

/// One page, as rmcp's own peer lists it, and so with its cache.
macro_rules! lists {
    ($($list:ident / $list_all:ident: $method:expr => $Page:ident . $items:ident [$Item:ident];)+) => {$(
        #[doc = concat!("Lists one page; as `Peer::", stringify!($list), "`.")]
        ///
        /// # Errors
        /// As the method of rmcp's peer.
        pub async fn $list(&self, params: Option<PaginatedRequestParams>) -> Answer<$Page> {
            let mut params = params.unwrap_or_default();
            let call = self.open($method, None, params.meta_or_default());
            call.run_inside(self.peer.$list(Some(params))).await
        }

        #[doc = concat!("Lists every page, each by a call of its own; as `Peer::", stringify!($list_all), "`.")]
        ///
        /// # Errors
        /// As the method of rmcp's peer.
        pub async fn $list_all(&self) -> Answer<Vec<$Item>> {
            let mut items = Vec::new();
            let mut params = PaginatedRequestParams::default();
            loop {
                let page = self.$list(Some(params)).await?;
                items.extend(page.$items);
                match page.next_cursor {
                    Some(cursor) => params = PaginatedRequestParams::default().with_cursor(Some(cursor)),
                    None => return Ok(items),
                }
            }
        }
    )+};
}

/// Lists.
impl TracedPeer<RoleClient> {
    lists! {
        list_tools / list_all_tools: Method::ToolsList => ListToolsResult.tools[Tool];
        list_prompts / list_all_prompts: Method::PromptsList => ListPromptsResult.prompts[Prompt];
        list_resources / list_all_resources: Method::ResourcesList => ListResourcesResult.resources[Resource];
        list_resource_templates / list_all_resource_templates:
            Method::ResourcesTemplatesList => ListResourceTemplatesResult.resource_templates[ResourceTemplate];
        list_skills / list_all_skills: Method::SkillsList => ListSkillsResult.skills[Skill];
    }
}
