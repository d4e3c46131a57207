//! Which path is answered with what.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::Page;
use super::api;
use super::assets::ASSETS;
use super::download;
use super::guard::guard;

pub(super) fn router(page: Arc<Page>, bound: SocketAddr) -> Router {
    let mut router = Router::new();
    for asset in ASSETS {
        let answer = move || async move { ([(header::CONTENT_TYPE, asset.media_type)], asset.content) };
        router = router.route(asset.path, get(answer));
    }
    router
        .route("/api/server", get(api::server))
        .route("/api/attempts", get(api::attempts))
        .route("/api/attempts/{number}", get(api::attempt))
        .route("/events", get(api::events))
        .route("/export/{kind}", get(download::export))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing at this path\n") })
        .layer(from_fn_with_state(bound, guard))
        .with_state(page)
}
