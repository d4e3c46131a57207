//! Readings that could not be sent wait in flash, oldest first, until they were.
//!
//! An [`Outbox`] is a ring of flash pages (crate `sequential-storage`). Each entry carries the
//! [`Key`] under which it is sent, made when it is put in: whatever happens between sending it and
//! removing it, a server that honours `Idempotency-Key` takes it once.
//!
//! What it promises, whenever the power is cut:
//!
//! - what [`Outbox::put`] has acknowledged is there until it is removed;
//! - an entry that was only half written is never seen: each has a CRC-32 of its content and a
//!   CRC-16 of its length, so that of four thousand million torn entries one might pass;
//! - what [`Outbox::remove`] has acknowledged does not come back. An entry that was being removed
//!   is there still or is gone: if it is sent again, then under the same key.
//!
//! A page that was being erased may hold anything at all: [`Outbox::open`] finds such pages and
//! erases them again. What it costs: one write for each entry and one to remove it, one erase for
//! each page that was filled, all pages in turn; no RAM but the buffer that the caller gives.
//!
//! It depends on nothing else of picopost, and nothing but picopost's feature `outbox` on it: what
//! it keeps are octets, and how they are sent is the caller's.
//!
//! ```
//! use picopost_outbox::{Outbox, Verdict, WhenFull};
//! # use picopost_testkit::CountingRng;
//! # embassy_futures::block_on(async {
//! # let mut entropy = CountingRng(1);
//! // On a device: the flash's driver, and a range of it that no program is in. On the desk: `FileFlash`.
//! let flash = picopost_testkit::Flash::<4, 4096>::new(4);
//! let mut buffer = [0; 256];
//! let mut outbox = Outbox::open(flash, 0..4 * 4096, &mut buffer, WhenFull::RefuseNew).await?;
//! outbox.put(br#"{"celsius":21.5}"#, &mut entropy).await?;
//!
//! let drained = outbox
//!     .drain(async |entry| {
//!         // Here the POST, under `entry.key`.
//!         assert_eq!(entry.content, br#"{"celsius":21.5}"#);
//!         Verdict::Delivered
//!     })
//!     .await?;
//! assert_eq!(drained.delivered, 1);
//! assert!(outbox.is_empty());
//! # Ok::<(), picopost_outbox::Error>(())
//! # }).unwrap();
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

#[cfg(feature = "std")]
extern crate std;

pub use blocking::BlockingFlash;
pub use embedded_storage_async;
pub use error::Error;
#[cfg(feature = "std")]
pub use file::{FileFlash, FileFlashError};
pub use key::Key;
pub use outbox::{Drained, Entry, MIN_BUFFER, OVERHEAD, Outbox, Stored, Verdict, WhenFull};

mod blocking;
mod error;
#[cfg(feature = "std")]
mod file;
mod key;
mod outbox;
mod pages;
