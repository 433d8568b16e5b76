//! Random ids.

use super::error::Error;

/// So many random bytes in hex: no two are ever the same.
///
/// # Errors
/// Where the operating system has no random numbers.
pub(super) fn id<const BYTES: usize>(name: &'static str) -> Result<String, Error> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|source| Error::NoRandomNumbers { name, source })?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
