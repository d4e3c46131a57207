//! The same POST in clear text over TCP.

#![no_std]
#![no_main]

use bench_board::http::Answer;
use bench_board::{REQUEST, machine, meter, parameters, tcp};

#[unsafe(no_mangle)]
extern "C" fn program() {
    for _ in 0..parameters::posts() {
        meter::begin();
        let mut answer = Answer::new();
        match post(&mut answer) {
            Ok(()) => meter::end(),
            Err(tcp::Lost) => machine::fail("the connection was lost"),
        }
        tcp::close();
        meter::report(false, answer.content());
    }
}

fn post(answer: &mut Answer) -> Result<(), tcp::Lost> {
    tcp::connect()?;
    meter::handshake_done();
    tcp::send(REQUEST)?;
    while !answer.is_whole() {
        let count = tcp::receive(answer.space())?;
        answer.received(count);
    }
    Ok(())
}
