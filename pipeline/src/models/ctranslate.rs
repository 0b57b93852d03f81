//! Reads the weights of a `CTranslate2` model, `model.bin`, format version 6.
//!
//! All numbers little-endian: `u32` version; string spec; `u32` revision; `u32` number of tensors; for each: string name, `u8`
//! rank, rank × `u32` shape, `u8` type (0 f32, 4 f16), `u32` byte length, data; then `u32` aliases, each two strings, new
//! name and old. A string is a `u16` length and that many bytes, the last of them NUL.

use std::collections::BTreeMap;

use super::convert::ConvertError;

const VERSION: u32 = 6;
const SPEC: &str = "WhisperSpec";

/// A tensor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
}

impl Kind {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

/// A tensor in the file's bytes.
#[derive(Debug, Clone)]
pub(super) struct Tensor<'a> {
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    pub(super) data: &'a [u8],
}

/// The tensors of the model in `bytes`, by name.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, ConvertError> {
    let mut input = Input { bytes };
    let version = input.u32()?;
    let spec = input.string()?;
    if version != VERSION || spec != SPEC {
        return Err(ConvertError::NotWhisper { version, spec });
    }
    input.u32()?;
    let count = input.u32()?;
    let mut tensors = BTreeMap::new();
    for _ in 0..count {
        let name = input.string()?;
        let tensor = input.tensor(&name)?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ConvertError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(ConvertError::CutShort)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ConvertError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(ConvertError::CutShort)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, ConvertError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, ConvertError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn string(&mut self) -> Result<String, ConvertError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        Ok(String::from_utf8_lossy(bytes.strip_suffix(b"\0").unwrap_or(bytes)).into_owned())
    }

    fn tensor(&mut self, name: &str) -> Result<Tensor<'a>, ConvertError> {
        let rank = self.u8()?;
        let shape: Vec<usize> =
            (0..rank).map(|_| Ok(self.u32()? as usize)).collect::<Result<_, ConvertError>>()?;
        let kind = self.u8()?;
        let length = self.u32()? as usize;
        let data = self.take(length)?;
        // Scalars say how the model was quantised; any type will do, nobody reads them.
        let kind = match kind {
            0 => Kind::F32,
            4 => Kind::F16,
            _ if rank == 0 => Kind::F32,
            other => return Err(ConvertError::TensorType { name: name.to_owned(), kind: other }),
        };
        let wanted = shape.iter().try_fold(kind.bytes(), |n, d| n.checked_mul(*d));
        if rank > 0 && wanted != Some(length) {
            return Err(ConvertError::TensorSize { name: name.to_owned() });
        }
        Ok(Tensor { shape, kind, data })
    }
}
