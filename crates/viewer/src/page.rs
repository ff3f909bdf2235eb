//! The page at `/`: one self-contained document, put together once from the files under `page/`.
//!
//! It holds no data and loads nothing. What it may do is the matter of [`crate::policy`].

use std::sync::LazyLock;

const DOCUMENT: &str = include_str!("../page/index.html");

const STYLE: &str = concat!(
    include_str!("../page/css/theme.css"),
    include_str!("../page/css/base.css"),
    include_str!("../page/css/list.css"),
    include_str!("../page/css/trace.css"),
    include_str!("../page/css/details.css"),
    include_str!("../page/css/tools.css"),
);

/// One module: the files share its scope, each stands after those that it uses while loading.
const SCRIPT: &str = concat!(
    include_str!("../page/js/text.js"),
    include_str!("../page/js/dom.js"),
    include_str!("../page/js/copy.js"),
    include_str!("../page/js/format.js"),
    include_str!("../page/js/route.js"),
    include_str!("../page/js/api.js"),
    include_str!("../page/js/live.js"),
    include_str!("../page/js/theme.js"),
    include_str!("../page/js/colours.js"),
    include_str!("../page/js/virtual.js"),
    include_str!("../page/js/store.js"),
    include_str!("../page/js/filter.js"),
    include_str!("../page/js/empty.js"),
    include_str!("../page/js/list-rows.js"),
    include_str!("../page/js/list.js"),
    include_str!("../page/js/list-live.js"),
    include_str!("../page/js/list-keys.js"),
    include_str!("../page/js/tree.js"),
    include_str!("../page/js/critical.js"),
    include_str!("../page/js/timeline.js"),
    include_str!("../page/js/minimap.js"),
    include_str!("../page/js/bar.js"),
    include_str!("../page/js/trace.js"),
    include_str!("../page/js/waterfall.js"),
    include_str!("../page/js/select.js"),
    include_str!("../page/js/zoom.js"),
    include_str!("../page/js/waterfall-keys.js"),
    include_str!("../page/js/values.js"),
    include_str!("../page/js/details.js"),
    include_str!("../page/js/head.js"),
    include_str!("../page/js/tools.js"),
    include_str!("../page/js/status.js"),
    include_str!("../page/js/help.js"),
    include_str!("../page/js/keys.js"),
    include_str!("../page/js/main.js"),
);

/// The page, whole: it loads nothing.
pub(crate) fn html() -> &'static str {
    static HTML: LazyLock<String> = LazyLock::new(|| {
        DOCUMENT
            .replacen("{{style}}", STYLE, 1)
            .replacen("{{script}}", SCRIPT, 1)
    });
    &HTML
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy is made of what stands between the tags, so nothing may end them early.
    #[test]
    fn the_document_holds_style_and_script_whole() {
        let between = |open: &str, close: &str| {
            let (_, rest) = html().split_once(open).unwrap();
            rest.split_once(close).unwrap().0
        };
        assert_eq!(between("<style>", "</style>"), STYLE);
        assert_eq!(between("<script type=\"module\">", "</script>"), SCRIPT);
        assert!(!html().contains("{{"), "a placeholder is left");
    }

    /// What the page loads from elsewhere would be missing without a network.
    #[test]
    fn nothing_comes_from_elsewhere() {
        for (at, _) in html().match_indices("http") {
            let line: String = html()[at..].chars().take_while(|c| *c != '\n').collect();
            let known = [
                "http://www.w3.org/2000/svg",
                "https://www.w3.org/TR/",
                "https://html.spec.whatwg.org/",
                "http/protobuf",
            ];
            assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
        }
    }

    /// Text of spans never becomes markup: the ways to do so are not used at all.
    #[test]
    fn no_text_becomes_markup() {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "eval(",
            "new Function",
            "srcdoc",
        ] {
            assert!(!SCRIPT.contains(way), "{way}");
        }
    }
}
