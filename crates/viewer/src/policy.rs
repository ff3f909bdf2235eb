//! What the page may do: run the script and the style that it brings, and ask this server. Trusted types make a browser
//! refuse every text that would become markup.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// A `Content-Security-Policy` for `html`, by the hashes of its inline scripts and styles.
pub(crate) fn content_security_policy(html: &str) -> String {
    let (scripts, styles) = (hashes(html, "script"), hashes(html, "style"));
    format!(
        "default-src 'none'; script-src{scripts}; style-src{styles}; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

fn hashes(html: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut hashes = String::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((text, after)) = after
            .split_once('>')
            .and_then(|(_, after)| after.split_once(&close))
        else {
            break;
        };
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        hashes.push_str(&format!(" 'sha256-{hash}'"));
        rest = after;
    }
    if hashes.is_empty() {
        hashes.push_str(" 'none'");
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_and_style_is_named_by_its_hash() {
        let html = "<style>a{}</style><script>1</script><script type=\"module\">2</script>";
        let policy = content_security_policy(html);
        // `printf 1 | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains(
            "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=' \
             'sha256-1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=';"
        ));
        assert_eq!(policy.matches("sha256-").count(), 3);
        assert!(content_security_policy("<p>").contains("script-src 'none'; style-src 'none';"));
    }
}
