use picopost::{Buffers, Clock, Device, Error, FieldValue, Header, Request, Trust, TrustAnchor, Url, blocking};

/// Gives the status.
fn post_again<C: blocking::Connect, R: picopost::rand_core::TryCryptoRng>(
    device: Device<'_, C, impl Clock, R>,
    anchors: &[TrustAnchor<'_>],
) -> Result<u16, Error> {
    let url = Url::parse("https://localhost:8443/readings?d=7")?;
    let content_type = FieldValue::new("application/json")?;
    let headers: [Header<'_>; 1] = [
        Header::new("X-Device", "a \"b\" \\ {}")?,
    ];
    let body = b"{\"a\":\"\\\" \xe2\x98\x83\"}";
    let request = Request::post(url, content_type, body).with_headers(&headers)
        .with_user_agent(FieldValue::new("test/1")?);
    let (mut receive, mut send, mut response) = ([0; 5 * 1024], [0; 2 * 1024], [0; 4 * 1024]);
    let buffers = Buffers::new(&mut receive, &mut send, &mut response);
    let response = blocking::post(&request, Trust::anchors(anchors), buffers, device, &mut ())?;
    Ok(response.status().0)
}
