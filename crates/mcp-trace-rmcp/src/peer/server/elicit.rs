//! Elicitation with a type for the user's answer.

use std::time::Duration;

use rmcp::model::{
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, ErrorData,
};
use rmcp::service::{ElicitationError, ElicitationMode, ElicitationSafe, ServiceRole};
use rmcp::{RoleServer, ServiceError};
use serde::de::DeserializeOwned;
use url::Url;

use crate::TracedPeer;

type Elicited<T> = Result<T, ElicitationError>;

/// Elicitation (feature `elicitation`).
impl TracedPeer<RoleServer> {
    /// Asks the user for a `T`; as `Peer::elicit`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn elicit<T>(&self, message: impl Into<String>) -> Elicited<Option<T>>
    where
        T: ElicitationSafe + DeserializeOwned,
    {
        self.elicit_with_timeout(message, None).await
    }

    /// Asks the user for a `T`, and waits no longer than this; as `Peer::elicit_with_timeout`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn elicit_with_timeout<T>(
        &self,
        message: impl Into<String>,
        timeout: Option<Duration>,
    ) -> Elicited<Option<T>>
    where
        T: ElicitationSafe + DeserializeOwned,
    {
        self.client_supports(ElicitationMode::Form)?;
        let requested_schema = ElicitationSchema::from_type::<T>().map_err(|error| {
            let name = std::any::type_name::<T>();
            let message = format!("Invalid schema for type {name}: {error}");
            ServiceError::McpError(ErrorData::invalid_params(message, None))
        })?;
        let params = ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: message.into(),
            requested_schema,
        };
        let ElicitResult {
            action, content, ..
        } = self
            .create_elicitation_with_timeout(params, timeout)
            .await?;
        match action {
            ElicitationAction::Accept => {
                let data = content.ok_or(ElicitationError::NoContent)?;
                T::deserialize(&data)
                    .map(Some)
                    .map_err(|error| ElicitationError::ParseError { error, data })
            }
            ElicitationAction::Decline => Err(ElicitationError::UserDeclined),
            _ => Err(ElicitationError::UserCancelled),
        }
    }

    /// Asks the user to open a URL; as `Peer::elicit_url`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn elicit_url(
        &self,
        message: impl Into<String>,
        url: impl Into<Url>,
        elicitation_id: impl Into<String>,
    ) -> Elicited<ElicitationAction> {
        self.elicit_url_with_timeout(message, url, elicitation_id, None)
            .await
    }

    /// Asks the user to open a URL, and waits no longer than this; as
    /// `Peer::elicit_url_with_timeout`.
    ///
    /// # Errors
    /// As the method of rmcp's peer.
    pub async fn elicit_url_with_timeout(
        &self,
        message: impl Into<String>,
        url: impl Into<Url>,
        elicitation_id: impl Into<String>,
        timeout: Option<Duration>,
    ) -> Elicited<ElicitationAction> {
        self.client_supports(ElicitationMode::Url)?;
        let params = ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message: message.into(),
            url: url.into().to_string(),
            elicitation_id: elicitation_id.into(),
        };
        let answer = self
            .create_elicitation_with_timeout(params, timeout)
            .await?;
        Ok(answer.action)
    }

    /// A connection that forbids such requests says so first, as rmcp does.
    fn client_supports(&self, mode: ElicitationMode) -> Elicited<()> {
        RoleServer::enforce_outbound_request(self)?;
        if self.supported_elicitation_modes().contains(&mode) {
            Ok(())
        } else {
            Err(ElicitationError::CapabilityNotSupported)
        }
    }
}
