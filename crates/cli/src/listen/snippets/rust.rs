// A POST to `picopost listen`, for any board: what `device` is made of is the board's own. The anchors:
// picopost listen --anchors rust=src/anchors.rs

use picopost::{Buffers, Clock, Device, Error, Request, StatusCode, Trust, Url, blocking, rand_core};

use crate::anchors::ANCHORS;

/// Sends one reading; the status is 200 when `picopost listen` had nothing against it.
pub fn post_reading<C: blocking::Connect, R: rand_core::TryCryptoRng>(
    device: Device<'_, C, impl Clock, R>,
) -> Result<StatusCode, Error> {
    let url = Url::parse("https://192.0.2.7:8443/readings")?;
    let request = Request::json(url, br#"{"reading":21}"#);
    let (mut receive, mut send, mut response) = ([0; 5 * 1024], [0; 1024], [0; 2 * 1024]);
    let buffers = Buffers::new(&mut receive, &mut send, &mut response);
    let response = blocking::post(&request, Trust::anchors(ANCHORS), buffers, device, &mut ())?;
    Ok(response.status())
}
