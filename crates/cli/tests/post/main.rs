//! `picopost post` as a program: against `picopost listen`, and against servers that are none.

mod arguments;
mod listen;
mod servers;
mod support;
