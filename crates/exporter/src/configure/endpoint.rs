//! Addresses of receivers.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

/// Reads an absolute `http` or `https` URL.
pub(super) fn parse(url: &str) -> Result<Uri, String> {
    let uri: Uri = url
        .trim()
        .parse()
        .map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(uri.scheme(), Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)
    {
        return Err("not an `http://` or `https://` URL".to_owned());
    }
    let authority = uri.authority().filter(|name| !name.host().is_empty());
    let Some(authority) = authority else {
        return Err("a URL without a host".to_owned());
    };
    if authority.as_str().contains('@') {
        return Err("credentials belong in `headers` or `api_key`, not in the URL".to_owned());
    }
    // A port that cannot be read would silently be 80 or 443.
    if authority.as_str() != authority.host() && authority.port_u16().is_none() {
        return Err("a URL with a port that is none".to_owned());
    }
    Ok(uri)
}

/// Appends `path`, such as `v1/traces`, to the URL's own path.
pub(super) fn append(base: &Uri, path: &str) -> Result<Uri, String> {
    let own = base.path().trim_end_matches('/');
    let query = base
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut parts = base.clone().into_parts();
    let whole = format!("{own}/{path}{query}");
    parts.path_and_query = Some(PathAndQuery::try_from(whole).map_err(|error| error.to_string())?);
    Uri::from_parts(parts).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{append, parse};

    #[test]
    fn paths_are_appended() {
        for (base, want) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            (
                "http://c:4318/mycollector/",
                "http://c:4318/mycollector/v1/traces",
            ),
            ("https://c/a/b", "https://c/a/b/v1/traces"),
            ("http://c/a?tenant=x", "http://c/a/v1/traces?tenant=x"),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
            ("http://[::1]", "http://[::1]/v1/traces"),
            (" HTTP://C:4318/a%20b\t", "http://C:4318/a%20b/v1/traces"),
        ] {
            assert_eq!(append(&parse(base).unwrap(), "v1/traces").unwrap(), want);
        }
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        for url in [
            "",
            "collector:4318",
            "ftp://c/",
            "/v1/traces",
            "http://",
            "grpc://c:4317",
            "http://user:pw@c/",
            "http://c:99999/",
            "http://c:/",
            "http://c:port/",
            "http://[::1/",
            "http://[::1]4318/",
            "http://::1:4318/",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
