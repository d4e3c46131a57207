//! The anchor of an authority of one's own, in a file for a firmware: nobody is asked, and nothing
//! recommended.

use super::certificate::Certificate;
use super::emit::{Contents, Format, Made, Refusal};
use super::name::for_comment;
use super::time;
use crate::error::CommandError;

/// The file with one root, given in DER. `owner` says whose it is, `command` how the file is made.
///
/// # Errors
/// The root cannot be read, or the format cannot hold it.
pub(crate) fn own_anchor(
    format: Format,
    root: &[u8],
    owner: &str,
    command: &str,
) -> Result<Vec<u8>, CommandError> {
    let (root, _) = Certificate::from_der(root)
        .map_err(|reason| CommandError::could_not_run(format!("the root of {owner}: {reason}")))?;
    if let Some(Refusal { sentence, hint }) = format.refusal(&[&root]) {
        return Err(CommandError::usage(sentence).hint(hint));
    }
    let made = Made { command, on: time::now(None) };
    let comment = [
        format!("Trust anchor for {owner}"),
        format!("made on {} by picopost {}: {}", time::day(made.on), env!("CARGO_PKG_VERSION"), made.command),
        format!(
            "{} ({}), until {}, SHA-256 {}",
            root.subject.short,
            root.key,
            time::day(root.not_after),
            root.sha256()
        ),
    ];
    let comment = comment.iter().map(|line| for_comment(line)).collect();
    Ok(Contents { roots: vec![&root], comment }.file(format))
}
