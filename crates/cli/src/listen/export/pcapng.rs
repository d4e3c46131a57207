//! pcapng (draft-ietf-opsawg-pcapng): a capture of the TCP octets, with the TLS secrets in front of each
//! connection, so that Wireshark shows what was in the records.
//!
//! Blocks are written here: they are four small layouts, and the libraries that write the format do not
//! know the block with the secrets.

use super::super::capture::Attempt;
use super::super::secrets::Secrets;
use super::tcp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// Says in which order the octets of numbers are.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// "TLSK": the lines of a key log (RFC 9850).
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// LINKTYPE_RAW: packets begin with their IPv4 or IPv6 header.
const RAW: u16 = 101;

const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const TIMESTAMP_RESOLUTION: u16 = 9;
/// Ten to the minus six seconds.
const MICROSECONDS: u8 = 6;

const MADE: &str = "the TCP octets, the times and the addresses are what picopost listen saw; the IP and TCP headers \
                    were made from them";
const NO_KEYS: &str = "; the TLS secrets are left out: picopost listen --show-secrets puts them in";

/// The section and its one interface.
pub(super) fn head(secrets: Secrets) -> Vec<u8> {
    let mut section = Vec::new();
    section.extend(BYTE_ORDER.to_le_bytes());
    // Version 1.0.
    section.extend(1_u16.to_le_bytes());
    section.extend(0_u16.to_le_bytes());
    // The section's length: not known, it goes to the end.
    section.extend(u64::MAX.to_le_bytes());
    let left_out = if secrets == Secrets::Whole { "" } else { NO_KEYS };
    option(&mut section, COMMENT, format!("{MADE}{left_out}").as_bytes());
    option(&mut section, APPLICATION, concat!("picopost ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut section, 0, b"");
    let mut interface = Vec::new();
    interface.extend(RAW.to_le_bytes());
    interface.extend(0_u16.to_le_bytes());
    // No packet is cut at a certain length.
    interface.extend(0_u32.to_le_bytes());
    option(&mut interface, INTERFACE_NAME, b"picopost listen");
    option(&mut interface, TIMESTAMP_RESOLUTION, &[MICROSECONDS]);
    option(&mut interface, 0, b"");
    [block(SECTION_HEADER, &section), block(INTERFACE_DESCRIPTION, &interface)].concat()
}

/// One connection: its secrets, and then its packets.
pub(super) fn packets(attempt: &Attempt) -> Vec<u8> {
    let mut octets = Vec::new();
    if !attempt.key_log.is_empty() {
        octets.extend(secrets(&attempt.key_log));
    }
    for packet in tcp::packets(attempt) {
        octets.extend(enhanced_packet(packet.microseconds, &packet.octets));
    }
    octets
}

fn secrets(key_log: &[String]) -> Vec<u8> {
    let lines: String = key_log.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let mut body = TLS_KEY_LOG.to_le_bytes().to_vec();
    body.extend(length_of(lines.as_bytes()));
    pad(&mut body, lines.as_bytes());
    block(DECRYPTION_SECRETS, &body)
}

fn enhanced_packet(microseconds: u64, packet: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(packet.len() + 24);
    // The first and only interface.
    body.extend(0_u32.to_le_bytes());
    let [low @ .., a, b, c, d] = microseconds.to_le_bytes();
    body.extend([a, b, c, d]);
    body.extend(low);
    // Captured, and as it was.
    body.extend(length_of(packet));
    body.extend(length_of(packet));
    pad(&mut body, packet);
    block(ENHANCED_PACKET, &body)
}

/// A block has its whole length before and after its body.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    pad(body, value);
}

fn length_of(octets: &[u8]) -> [u8; 4] {
    u32::try_from(octets.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// Everything ends at a multiple of four octets.
fn pad(body: &mut Vec<u8>, octets: &[u8]) {
    body.extend_from_slice(octets);
    body.resize(body.len().next_multiple_of(4), 0);
}
