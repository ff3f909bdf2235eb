//! Who the spans are from.

use std::path::Path;

use mcp_trace::Value;

use super::settings::{Family, Resolver};
use crate::Resource;

impl Resolver<'_> {
    pub(super) fn resource(&self, family: Family) -> Resource {
        let builder = self.builder;
        let mut attributes = self
            .env
            .pairs(&["OTEL_RESOURCE_ATTRIBUTES"])
            .unwrap_or_default();
        let mut attribute = |name: &str| {
            let at = attributes.iter().position(|(key, _)| key == name)?;
            Some(attributes.remove(at).1)
        };
        let in_resource = (
            attribute("service.name"),
            attribute("deployment.environment.name"),
            attribute("service.version"),
        );
        let service = family.order(&["RASTIR_SERVICE"], &["OTEL_SERVICE_NAME"]);
        let mut resource = Resource::new(
            builder
                .service
                .clone()
                .or_else(|| self.env.text(&service))
                .or(in_resource.0)
                .unwrap_or_else(unknown_service),
        );
        resource.env = builder
            .env
            .clone()
            .or_else(|| self.env.text(&["RASTIR_ENV"]))
            .or(in_resource.1);
        resource.version = builder
            .version
            .clone()
            .or_else(|| self.env.text(&["RASTIR_VERSION"]))
            .or(in_resource.2);
        let kept = attributes
            .into_iter()
            .filter(|(key, _)| !builder.attributes.iter().any(|(own, _)| own == key));
        resource.attributes = kept.map(|(key, value)| (key, Value::from(value))).collect();
        resource
            .attributes
            .extend(builder.attributes.iter().cloned());
        resource
    }
}

fn unknown_service() -> String {
    let executable = std::env::current_exe().ok();
    let name = executable
        .as_deref()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    name.map_or_else(
        || "unknown_service".to_owned(),
        |name| format!("unknown_service:{name}"),
    )
}
