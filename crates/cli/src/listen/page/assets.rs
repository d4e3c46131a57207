//! The page's own files: hand-written sources, built into the command.

/// A file with its media type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) content: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// All there is; any other path is an answer of the API, or nothing.
pub(super) const ASSETS: [Asset; 11] = [
    Asset { path: "/", media_type: HTML, content: include_str!("../../../page/index.html") },
    Asset { path: "/page.css", media_type: CSS, content: include_str!("../../../page/page.css") },
    Asset { path: "/page.js", media_type: JAVASCRIPT, content: include_str!("../../../page/page.js") },
    Asset { path: "/compare.js", media_type: JAVASCRIPT, content: include_str!("../../../page/compare.js") },
    Asset { path: "/copy.js", media_type: JAVASCRIPT, content: include_str!("../../../page/copy.js") },
    Asset { path: "/detail.js", media_type: JAVASCRIPT, content: include_str!("../../../page/detail.js") },
    Asset { path: "/diff.js", media_type: JAVASCRIPT, content: include_str!("../../../page/diff.js") },
    Asset { path: "/dom.js", media_type: JAVASCRIPT, content: include_str!("../../../page/dom.js") },
    Asset { path: "/layers.js", media_type: JAVASCRIPT, content: include_str!("../../../page/layers.js") },
    Asset { path: "/list.js", media_type: JAVASCRIPT, content: include_str!("../../../page/list.js") },
    Asset { path: "/octets.js", media_type: JAVASCRIPT, content: include_str!("../../../page/octets.js") },
];
