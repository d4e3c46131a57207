//! `picopost post` as a program: against `picopost listen`, and against servers that are none.

mod arguments;
mod identity;
mod listen;
mod servers;
mod support;
