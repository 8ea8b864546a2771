//! The memory of a component. Whoever calls a rule with one row allocates a dozen small lists for it,
//! and each is given back when the call ends: most of such a call was spent in that. Blocks of up to a
//! kilobyte are therefore kept by size, and the next of that size takes the last one given back; what
//! is larger goes to Rust's own allocator, which the pieces that small blocks are cut from come from,
//! too.

#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// Sizes come in steps of this, which is also how blocks are aligned.
const STEP: usize = 16;
/// The largest size that is kept.
const MOST: usize = 1024;
/// What small blocks are cut from.
const PIECE: usize = 16 << 10;

/// A block that nobody uses: it says which one is next.
type Free = *mut *mut u8;

struct Blocks {
    /// By size, the block given back last.
    free: [*mut u8; MOST / STEP],
    /// What is left of the newest piece.
    next: *mut u8,
    left: usize,
}

/// The allocator.
struct Memory(UnsafeCell<Blocks>);

// SAFETY: a component of the contract has one thread.
unsafe impl Sync for Memory {}

#[global_allocator]
static MEMORY: Memory = Memory(UnsafeCell::new(Blocks {
    free: [null_mut(); MOST / STEP],
    next: null_mut(),
    left: 0,
}));

/// Which of the sizes a block is of; none: it is large, or wants to be aligned more.
#[inline]
const fn class(size: usize, align: usize) -> Option<usize> {
    if size <= MOST && align <= STEP && size > 0 {
        Some((size - 1) / STEP)
    } else {
        None
    }
}

impl Blocks {
    /// A block that was not used before.
    #[cold]
    fn cut(&mut self, class: usize) -> *mut u8 {
        let size = (class + 1) * STEP;
        if self.left < size {
            let Ok(piece) = Layout::from_size_align(PIECE, STEP) else {
                return null_mut();
            };
            // SAFETY: a piece has a size.
            let piece = unsafe { System.alloc(piece) };
            if piece.is_null() {
                return piece;
            }
            (self.next, self.left) = (piece, PIECE);
        }
        let block = self.next;
        self.left -= size;
        // SAFETY: there was as much left.
        self.next = unsafe { block.add(size) };
        block
    }
}

// SAFETY: a block is either in use or in the list of its size, where it was put by whoever gave it
// back; it is as large as its size's step and aligned to `STEP`, since pieces are and sizes are
// multiples of it. Nothing here panics or allocates through itself.
unsafe impl GlobalAlloc for Memory {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout.size(), layout.align()) else {
            return unsafe { System.alloc(layout) };
        };
        let blocks = unsafe { &mut *self.0.get() };
        let block = blocks.free[class];
        if block.is_null() {
            return blocks.cut(class);
        }
        blocks.free[class] = unsafe { *block.cast::<*mut u8>() };
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(class) = class(layout.size(), layout.align()) else {
            return unsafe { System.dealloc(block, layout) };
        };
        let blocks = unsafe { &mut *self.0.get() };
        let free: Free = block.cast();
        unsafe { *free = blocks.free[class] };
        blocks.free[class] = block;
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (old, new) = (layout.size(), layout.align());
        match (class(old, new), class(size, new)) {
            (None, None) => unsafe { System.realloc(block, layout, size) },
            (old, new) if old == new => block,
            _ => {
                let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
                    return null_mut();
                };
                let moved = unsafe { self.alloc(wanted) };
                if !moved.is_null() {
                    unsafe {
                        moved.copy_from_nonoverlapping(block, size.min(layout.size()));
                        self.dealloc(block, layout);
                    }
                }
                moved
            }
        }
    }
}
