//! Compiles the Rust of the project's pages, and sees that none of them is forgotten.

/// Makes the blocks of each page documentation tests.
macro_rules! pages {
    ($($name:ident = $path:literal,)+) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../", $path))]
            mod $name {}
        )+

        #[cfg(test)]
        const PAGES: &[&str] = &[$($path),+];
    };
}

pages! {
    readme = "README.md",
    architecture = "docs/architecture.md",
    deploy = "docs/deploy.md",
    from_rastir = "docs/from-rastir.md",
    interop = "docs/interop.md",
    platforms = "docs/platforms.md",
    handbook = "docs/handbook/README.md",
    first_server = "docs/handbook/first-server.md",
    first_client = "docs/handbook/first-client.md",
    rmcp = "docs/handbook/rmcp.md",
    axum = "docs/handbook/axum.md",
    hyper = "docs/handbook/hyper.md",
    reqwest = "docs/handbook/reqwest.md",
    agents = "docs/handbook/agents.md",
    sampling = "docs/handbook/sampling.md",
    trust_and_privacy = "docs/handbook/trust-and-privacy.md",
    exporting = "docs/handbook/exporting.md",
    opentelemetry = "docs/handbook/opentelemetry.md",
    deploying = "docs/handbook/deploying.md",
    observing = "docs/handbook/observing.md",
    troubleshooting = "docs/handbook/troubleshooting.md",
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::PAGES;

    #[test]
    fn every_page_is_compiled() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for folder in ["docs", "docs/handbook"] {
            for entry in fs::read_dir(root.join(folder)).expect("the folder is there") {
                let name = entry.expect("readable").file_name();
                let page = format!("{folder}/{}", name.to_str().expect("a plain name"));
                if page.ends_with(".md") {
                    assert!(
                        PAGES.contains(&page.as_str()),
                        "{page} is not in docs/src/lib.rs"
                    );
                }
            }
        }
    }
}
