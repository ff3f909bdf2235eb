//! Resources and skills.

use mcp_trace::Method;
use rmcp::RoleClient;
use rmcp::model::{
    GetSkillRequestParams, GetSkillResult, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, RequestParamsMeta, SubscribeRequest, SubscribeRequestParams,
    UnsubscribeRequest, UnsubscribeRequestParams,
};

use super::{Answer, empty};
use crate::TracedPeer;

/// Resources and skills.
impl TracedPeer<RoleClient> {
    /// Reads a resource; as `Peer::read_resource`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource(
        &self,
        mut params: ReadResourceRequestParams,
    ) -> Answer<ReadResourceResult> {
        let uri = params.uri.clone();
        let call = self.open(Method::ResourcesRead, Some(&uri), params.meta_or_default());
        call.run_inside(self.peer.read_resource(params)).await
    }

    /// Reads a resource, which may ask for input; as `Peer::read_resource_once`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource_once(
        &self,
        mut params: ReadResourceRequestParams,
    ) -> Answer<ReadResourceResponse> {
        let uri = params.uri.clone();
        let call = self.open(Method::ResourcesRead, Some(&uri), params.meta_or_default());
        call.run_inside(self.peer.read_resource_once(params)).await
    }

    /// Reads a directory; as `Peer::read_resource_directory`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn read_resource_directory(
        &self,
        mut params: ReadResourceDirectoryRequestParams,
    ) -> Answer<ReadResourceDirectoryResult> {
        let call = self.open(
            Method::ResourcesDirectoryRead,
            None,
            params.meta_or_default(),
        );
        call.run_inside(self.peer.read_resource_directory(params))
            .await
    }

    /// Gets a skill; as `Peer::get_skill`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn get_skill(&self, mut params: GetSkillRequestParams) -> Answer<GetSkillResult> {
        let call = self.open(Method::SkillsGet, None, params.meta_or_default());
        call.run_inside(self.peer.get_skill(params)).await
    }

    /// Subscribes to a resource; as `Peer::subscribe`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(
        note = "resources/subscribe is legacy-only; use `listen` for protocol version 2026-07-28"
    )]
    pub async fn subscribe(&self, params: SubscribeRequestParams) -> Answer<()> {
        self.request(SubscribeRequest::new(params), empty).await
    }

    /// Ends a subscription to a resource; as `Peer::unsubscribe`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    #[deprecated(note = "resources/unsubscribe is legacy-only; cancel the `Subscription` instead")]
    pub async fn unsubscribe(&self, params: UnsubscribeRequestParams) -> Answer<()> {
        self.request(UnsubscribeRequest::new(params), empty).await
    }
}
