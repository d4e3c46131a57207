//! `picopost listen`: a test server that shows each attempt layer by layer.

use crate::error::CommandError;

/// Accept a device's POST and show what arrives, layer by layer.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
}

pub(crate) fn run(args: &Args) -> Result<(), CommandError> {
    Err(CommandError::could_not_run(format!("port {} is not served yet", args.port)))
}
