//! A verified HTTPS POST from a microcontroller.

#![no_std]
#![forbid(unsafe_code)]
