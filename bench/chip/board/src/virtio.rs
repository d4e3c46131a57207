//! The board's network card: virtio over MMIO, under smoltcp.

use core::ptr::{self, NonNull};

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

use crate::single::Single;

/// The board has eight slots, each a page of registers; empty ones have device number 0.
const SLOTS: usize = 8;
const SLOT_BASE: usize = 0x1000_1000;
const SLOT_SIZE: usize = 0x1000;
/// Offset of the register that tells the device's type (virtio 1.2 §4.2.2).
const DEVICE_ID: usize = 0x008;

/// Frames that may wait to be received. A power of two.
const QUEUE: usize = 8;
/// The longest Ethernet frame, without its checksum, in octets.
const FRAME: usize = 1514;
/// What the driver asks of a receive buffer: a frame, its virtio header, and some room.
const BUFFER: usize = 1536;

/// Two pages for each of the queues: receive, transmit.
const DMA_PAGES: usize = 4;

/// Memory that the device and the processor share: all of it, at the same addresses.
struct Shared;

#[repr(C, align(4096))]
struct Pages {
    octets: [u8; DMA_PAGES * PAGE_SIZE],
    used: usize,
}

/// In a section of its own: aligned to a page, it would make the size of `.bss` depend on what is
/// before it.
#[unsafe(link_section = ".dma")]
static PAGES: Single<Pages> = Single::new(Pages { octets: [0; DMA_PAGES * PAGE_SIZE], used: 0 });

// SAFETY: pages come from a static pool, page-aligned, each given out once and never taken back.
// Virtual addresses are physical ones.
unsafe impl Hal for Shared {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        PAGES.with(|pool| {
            let first = pool.used;
            pool.used += pages;
            match pool
                .octets
                .get_mut(first * PAGE_SIZE..pool.used * PAGE_SIZE)
                .and_then(|pages| pages.first_mut())
            {
                Some(page) => {
                    let pointer = NonNull::from(page);
                    (pointer.addr().get() as PhysAddr, pointer)
                }
                // Address 0 is this trait's "no memory left".
                None => (0, NonNull::dangling()),
            }
        })
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
pub(crate) struct Network {
    device: VirtIONetRaw<Shared, MmioTransport<'static>, QUEUE>,
    /// Which receive buffer each of the device's descriptors holds.
    buffer_of: [usize; QUEUE],
}

struct Buffers {
    receive: [[u8; BUFFER]; QUEUE],
    received: [u8; FRAME],
    transmit: [u8; FRAME],
}

static BUFFERS: Single<Buffers> =
    Single::new(Buffers { receive: [[0; BUFFER]; QUEUE], received: [0; FRAME], transmit: [0; FRAME] });

fn with_buffers<R>(use_them: impl FnOnce(&mut Buffers) -> R) -> R {
    BUFFERS.with(use_them)
}

impl Network {
    /// The board's network card, ready to receive; `None` where it has none. To be called once.
    pub(crate) fn find() -> Option<Self> {
        let slots = (0..SLOTS).map(|slot| SLOT_BASE + slot * SLOT_SIZE);
        // SAFETY: a register of the slot, there even where the slot is empty.
        let is_wanted = |slot: &usize| unsafe {
            ptr::read_volatile((slot + DEVICE_ID) as *const u32) == DeviceType::Network as u32
        };
        let header = NonNull::new(slots.into_iter().find(is_wanted)? as *mut VirtIOHeader)?;
        // SAFETY: the slot's registers, mapped for as long as the machine runs.
        let transport = unsafe { MmioTransport::new(header, SLOT_SIZE) }.ok()?;
        let device = VirtIONetRaw::new(transport).ok()?;
        let mut network = Self { device, buffer_of: [0; QUEUE] };
        for index in 0..QUEUE {
            network.offer(index)?;
        }
        Some(network)
    }

    pub(crate) fn mac_address(&self) -> [u8; 6] {
        self.device.mac_address()
    }

    /// Gives a receive buffer to the device.
    fn offer(&mut self, index: usize) -> Option<()> {
        let token = with_buffers(|buffers| {
            let buffer = buffers.receive.get_mut(index)?;
            // SAFETY: the buffer is static, and nothing touches it before `receive_complete`.
            unsafe { self.device.receive_begin(buffer) }.ok()
        })?;
        *self.buffer_of.get_mut(usize::from(token))? = index;
        Some(())
    }

    /// Copies the next frame to `received`, if there is one: its length in octets.
    fn take_frame(&mut self) -> Option<usize> {
        let token = self.device.poll_receive()?;
        let index = *self.buffer_of.get(usize::from(token))?;
        let length = with_buffers(|buffers| {
            let buffer = buffers.receive.get_mut(index)?;
            // SAFETY: the buffer that `offer` gave for this token.
            let (header, length) = unsafe { self.device.receive_complete(token, buffer) }.ok()?;
            let frame = buffer.get(header..)?.get(..length)?;
            buffers.received.get_mut(..length)?.copy_from_slice(frame);
            Some(length)
        })?;
        self.offer(index)?;
        Some(length)
    }
}

impl Device for Network {
    type RxToken<'a> = Received;
    type TxToken<'a> = Transmit<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Transmit<'_>)> {
        Some((Received { length: self.take_frame()? }, Transmit(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Transmit<'_>> {
        Some(Transmit(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A frame that was received. An answer may be sent from inside `consume`, from another buffer, so
/// this one is taken by address.
pub(crate) struct Received {
    length: usize,
}

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let (start, length) = with_buffers(|buffers| (buffers.received.as_ptr(), self.length.min(FRAME)));
        // SAFETY: a static buffer; the next frame is copied into it after this one is consumed.
        read(unsafe { core::slice::from_raw_parts(start, length) })
    }
}

/// Room for a frame to be sent.
pub(crate) struct Transmit<'a>(&'a mut Network);

impl TxToken for Transmit<'_> {
    /// Waits until the device has the frame; the emulator takes it at once.
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let (start, length) = with_buffers(|buffers| (buffers.transmit.as_mut_ptr(), length.min(FRAME)));
        // SAFETY: a static buffer that nothing else uses.
        let frame = unsafe { core::slice::from_raw_parts_mut(start, length) };
        let output = write(frame);
        // A frame that the device refuses is lost, as it would be on a wire.
        let _ = self.0.device.send(frame);
        output
    }
}
