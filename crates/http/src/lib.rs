//! One HTTP/1.1 exchange: request out, response in.

#![no_std]
#![forbid(unsafe_code)]
