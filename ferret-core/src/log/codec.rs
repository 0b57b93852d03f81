//! Bytes: varints for the hot entries, `bincode` for what is written rarely. The only file that
//! names `bincode`, and the only one that turns unchecked bytes into integers.
//!
//! A varint is LEB128: seven bits a byte, low ones first, the top bit set on all but the last. It
//! was preferred to bincode's own (one byte below 251, else a marker and 2, 4 or 8) because most
//! times lie between 251 and 16,383 ns: two bytes here, three there.

use serde::{Serialize, de::DeserializeOwned};

/// The most bytes that a `bincode` value may take, and so the most that decoding one allocates.
pub(super) const VALUE_LIMIT: usize = 1_048_000;

/// Bytes that do not say what they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CodecError(pub(crate) &'static str);

const ENDS_EARLY: CodecError = CodecError("the bytes end in the middle of a value");

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<VALUE_LIMIT>()
}

/// Appends `value`, as `bincode` writes it.
pub(super) fn put_value<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), CodecError> {
    let before = out.len();
    match bincode::serde::encode_into_std_write(value, out, config()) {
        Ok(_) if out.len() - before <= VALUE_LIMIT => Ok(()),
        Ok(_) | Err(_) => {
            out.truncate(before);
            Err(CodecError("a value is too large for the log"))
        }
    }
}

/// Reads a value that takes all of `bytes`.
pub(super) fn get_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match bincode::serde::decode_from_slice(bytes, config()) {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        Ok(_) => Err(CodecError("bytes are left over behind a value")),
        Err(_) => Err(CodecError("a value cannot be decoded")),
    }
}

/// Appends a varint.
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Appends the `length` low bytes of `bytes`, eight at most: a store, where so many pushes would each ask
/// for room.
#[inline]
pub(super) fn put_few(out: &mut Vec<u8>, bytes: u64, length: usize) {
    let end = out.len() + length;
    out.extend_from_slice(&bytes.to_le_bytes());
    out.truncate(end);
}

/// Appends a signed varint: zigzag, so that small magnitudes are short.
#[inline]
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// The signed varint, if it is one byte.
#[inline]
pub(super) fn one_byte(value: i64) -> Option<u64> {
    Some(zigzag(value)).filter(|byte| *byte < 0x80)
}

/// 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Appends the length of `bytes`, then `bytes`.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The eight low bits.
#[inline]
pub(super) fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Reads bytes from the front of a slice, and never past its end.
#[derive(Clone, Debug)]
pub(super) struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        let (&first, rest) = self.bytes.split_first().ok_or(ENDS_EARLY)?;
        self.bytes = rest;
        Ok(first)
    }

    /// The next `n` bytes.
    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or(ENDS_EARLY)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(ENDS_EARLY)?;
        self.bytes = rest;
        Ok(*taken)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, CodecError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        // Two bytes nearly always are enough for a time.
        let value = u64::from(first & 0x7f);
        let second = self.byte()?;
        if second < 0x80 {
            return Ok(value | u64::from(second) << 7);
        }
        let (value, rest) = long_varint(self.bytes, value | u64::from(second & 0x7f) << 7)?;
        self.bytes = rest;
        Ok(value)
    }

    #[inline]
    pub(super) fn signed(&mut self) -> Result<i64, CodecError> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    /// A varint that fits 32 bits.
    #[inline]
    pub(super) fn varint32(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.varint()?).map_err(|_too_large| CodecError("an id exceeds 32 bits"))
    }

    /// Bytes behind their length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let length = self.varint()?;
        self.take(usize::try_from(length).map_err(|_too_large| ENDS_EARLY)?)
    }
}

/// The varint of which two bytes have been read, and the bytes behind it. Given and taken by value: whoever
/// reads in a loop then has its bytes in registers.
fn long_varint(mut bytes: &[u8], mut value: u64) -> Result<(u64, &[u8]), CodecError> {
    for shift in (14..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(ENDS_EARLY)?;
        bytes = rest;
        if shift == 63 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((value, bytes));
        }
    }
    Err(CodecError("a varint is longer than 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(unsigned: u64, signed: i64) {
            let mut out = Vec::new();
            put_varint(&mut out, unsigned);
            put_signed(&mut out, signed);
            let mut input = Input::new(&out);
            prop_assert_eq!(input.varint(), Ok(unsigned));
            prop_assert_eq!(input.signed(), Ok(signed));
            prop_assert!(input.is_empty());
        }

        #[test]
        fn any_bytes_give_a_value_or_an_error(bytes: Vec<u8>) {
            let mut input = Input::new(&bytes);
            while !input.is_empty() {
                if input.varint().is_err() {
                    break;
                }
            }
            let names: Result<Vec<String>, _> = get_value(&bytes);
            prop_assert!(names.is_ok() || names.is_err());
        }
    }

    #[test]
    fn a_length_beyond_the_limit_allocates_nothing() {
        let mut bytes = vec![253];
        bytes.extend_from_slice(&u64::MAX.to_le_bytes());
        assert!(get_value::<String>(&bytes).is_err());
        assert!(get_value::<Vec<u64>>(&bytes).is_err());
    }

    #[test]
    fn a_varint_of_more_than_64_bits_is_refused() {
        assert!(Input::new(&[0xff; 10]).varint().is_err());
        assert_eq!(
            Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).varint(),
            Ok(u64::MAX)
        );
    }
}
