//! The board's virtio devices over MMIO: network card and source of entropy.

use core::ptr::{self, NonNull};
use core::task::Context;
use core::{fmt, mem};

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use portable_atomic::{AtomicUsize, Ordering};
use rand_core::{TryCryptoRng, TryRng};
use static_cell::ConstStaticCell;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::device::rng::VirtIORng;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// The board has eight slots, each a page of registers; empty ones have device number 0.
const SLOTS: usize = 8;
const SLOT_BASE: usize = 0x1000_1000;
const SLOT_SIZE: usize = 0x1000;
/// Offset of the register that tells the device's type (virtio 1.2 §4.2.2); 0 in an empty slot.
const DEVICE_ID: usize = 0x008;

/// Frames that may wait to be received. A power of two.
const QUEUE: usize = 4;
/// The longest Ethernet frame, without its checksum, in octets.
const FRAME: usize = 1514;
/// What the driver asks of a receive buffer: a frame, its virtio header, and some room.
const BUFFER: usize = 1536;

/// Two pages for each queue of the two devices: receive, transmit, entropy.
const DMA_PAGES: usize = 6;

/// The first slot with a device of type `wanted`. To be called once for each type: two transports
/// for one slot would disturb each other.
fn transport(wanted: DeviceType) -> Option<MmioTransport<'static>> {
    let slots = (0..SLOTS).map(|slot| SLOT_BASE + slot * SLOT_SIZE);
    // The type is read before a transport is made of the slot: dropping one resets its device.
    // SAFETY: a register of the slot, there even where the slot is empty.
    let is_wanted =
        |slot: &usize| unsafe { ptr::read_volatile((slot + DEVICE_ID) as *const u32) } == wanted as u32;
    let header = NonNull::new(slots.into_iter().find(is_wanted)? as *mut VirtIOHeader)?;
    // SAFETY: the slot's registers, mapped for as long as the machine runs.
    unsafe { MmioTransport::new(header, SLOT_SIZE) }.ok()
}

/// Memory that the devices and the processor share: all of it, at the same addresses.
struct Shared;

#[repr(C, align(4096))]
struct Pages([u8; DMA_PAGES * PAGE_SIZE]);

static PAGES: ConstStaticCell<Pages> = ConstStaticCell::new(Pages([0; DMA_PAGES * PAGE_SIZE]));

// SAFETY: pages come from a static pool, zeroed at reset, page-aligned, each given out once and
// never taken back. Virtual addresses are physical ones.
unsafe impl Hal for Shared {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        static BASE: AtomicUsize = AtomicUsize::new(0);
        static USED: AtomicUsize = AtomicUsize::new(0);
        if let Some(all) = PAGES.try_take() {
            BASE.store(all.0.as_mut_ptr().expose_provenance(), Ordering::Relaxed);
        }
        let first = USED.fetch_add(pages, Ordering::Relaxed);
        if first + pages > DMA_PAGES {
            // Address 0 is this trait's "no memory left".
            return (0, NonNull::dangling());
        }
        let address = BASE.load(Ordering::Relaxed) + first * PAGE_SIZE;
        match NonNull::new(ptr::with_exposed_provenance_mut(address)) {
            Some(pointer) => (address as PhysAddr, pointer),
            None => (0, NonNull::dangling()),
        }
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        // Only the PCI transport asks.
        NonNull::new(address as *mut u8).unwrap_or(NonNull::dangling())
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().addr().get() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

/// The network card.
pub struct Network {
    device: Device,
    buffers: &'static mut Buffers,
    /// Which receive buffer each of the device's descriptors holds.
    buffer_of: [usize; QUEUE],
}

type Device = VirtIONetRaw<Shared, MmioTransport<'static>, QUEUE>;

struct Buffers {
    /// The device's, while it has them.
    receive: [[u8; BUFFER]; QUEUE],
    /// The frame that the network stack looks at. Copied, so that its buffer is the device's again
    /// at once and a token borrows no queue.
    received: [u8; FRAME],
    transmit: [u8; FRAME],
}

impl Network {
    /// The board's network card, ready to receive; `None` where it has none. To be called once.
    pub fn find() -> Option<Self> {
        static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers {
            receive: [[0; BUFFER]; QUEUE],
            received: [0; FRAME],
            transmit: [0; FRAME],
        });
        let device = VirtIONetRaw::new(transport(DeviceType::Network)?).ok()?;
        let mut network = Self { device, buffers: BUFFERS.try_take()?, buffer_of: [0; QUEUE] };
        for index in 0..QUEUE {
            network.offer(index)?;
        }
        Some(network)
    }

    /// Gives a receive buffer to the device.
    fn offer(&mut self, index: usize) -> Option<()> {
        let buffer = self.buffers.receive.get_mut(index)?;
        // SAFETY: the buffer is static, and nothing touches it before `receive_complete`.
        let token = unsafe { self.device.receive_begin(buffer) }.ok()?;
        *self.buffer_of.get_mut(usize::from(token))? = index;
        Some(())
    }

    /// Copies the next frame to `received`, if there is one: its length in octets.
    fn take_frame(&mut self) -> Option<usize> {
        let token = self.device.poll_receive()?;
        let index = *self.buffer_of.get(usize::from(token))?;
        let buffer = self.buffers.receive.get_mut(index)?;
        // SAFETY: the buffer that `offer` gave for this token.
        let (header, length) = unsafe { self.device.receive_complete(token, buffer) }.ok()?;
        let frame = buffer.get(header..)?.get(..length)?;
        self.buffers.received.get_mut(..length)?.copy_from_slice(frame);
        self.offer(index)?;
        Some(length)
    }
}

impl Driver for Network {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Transmit<'a>;

    fn receive(&mut self, _: &mut Context<'_>) -> Option<(Received<'_>, Transmit<'_>)> {
        let length = self.take_frame()?;
        let Buffers { received, transmit, .. } = &mut *self.buffers;
        let received = Received(received.get_mut(..length)?);
        Some((received, Transmit { device: &mut self.device, frame: transmit }))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Transmit<'_>> {
        Some(Transmit { device: &mut self.device, frame: &mut self.buffers.transmit })
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.device.mac_address())
    }
}

/// A frame that was received.
pub struct Received<'a>(&'a mut [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Room for a frame to be sent.
pub struct Transmit<'a> {
    device: &'a mut Device,
    frame: &'a mut [u8; FRAME],
}

impl TxToken for Transmit<'_> {
    /// Waits until the device has the frame; the emulator takes it at once. A frame that the
    /// device refuses is lost, as it would be on a wire.
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        // The stack keeps to the capabilities above.
        let frame = &mut self.frame[..length];
        let output = write(frame);
        let _ = self.device.send(frame);
        output
    }
}

/// Random octets from the host. Fails closed: without the device there is no value of this type.
pub struct Entropy {
    device: VirtIORng<Shared, MmioTransport<'static>>,
    /// Drawn ahead: to wait for the host in the middle of a handshake would count as instructions
    /// of the handshake. What is given away is overwritten.
    pool: [u8; POOL],
    /// How many octets at the pool's end were not given away yet.
    left: usize,
}

/// Some handshakes' worth, in octets.
const POOL: usize = 256;

impl Entropy {
    /// The board's source of entropy, its pool filled; `None` where it has none, or where it
    /// gives nothing. To be called once.
    pub fn find() -> Option<Self> {
        let device = VirtIORng::new(transport(DeviceType::EntropySource)?).ok()?;
        let mut entropy = Self { device, pool: [0; POOL], left: 0 };
        entropy.fill_pool().ok()?;
        Some(entropy)
    }

    fn fill_pool(&mut self) -> Result<(), NoEntropy> {
        let mut space = self.pool.as_mut_slice();
        while !space.is_empty() {
            // A device may give fewer octets than asked for, but not none (virtio 1.2 §5.4.6).
            let given = self.device.request_entropy(space).unwrap_or(0);
            space = match space.get_mut(given..) {
                Some(rest) if given > 0 => rest,
                _ => return Err(NoEntropy),
            };
        }
        self.left = POOL;
        Ok(())
    }
}

/// The source of entropy gave nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of entropy gave nothing")
    }
}

impl core::error::Error for NoEntropy {}

impl TryRng for Entropy {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        for octet in octets {
            if self.left == 0 {
                self.fill_pool()?;
            }
            let fresh = self.pool.get_mut(POOL - self.left).ok_or(NoEntropy)?;
            *octet = mem::take(fresh);
            self.left -= 1;
        }
        Ok(())
    }
}

// The host's own source of randomness stands behind the device.
impl TryCryptoRng for Entropy {}
