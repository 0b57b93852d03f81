//! Writes a whisper.cpp model: header, mel filters, tokens, tensors, all numbers little-endian `i32` but the weights.

use std::io::{self, Write};

use super::ctranslate::{Kind, Tensor};

/// The sizes in the header, in the file's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) vocabulary: usize,
    pub(super) audio_context: usize,
    pub(super) audio_state: usize,
    pub(super) audio_layers: usize,
    pub(super) text_context: usize,
    pub(super) text_state: usize,
    pub(super) text_layers: usize,
    pub(super) mels: usize,
}

/// Whisper's attention heads are 64 wide in every size of the model.
const HEAD_WIDTH: usize = 64;
/// The file's weights are f16 where they have two dimensions.
const FTYPE_F16: usize = 1;

/// Write the part before the tensors.
pub(super) fn header(
    out: &mut impl Write,
    sizes: &Sizes,
    filters: &[f32],
    tokens: &[Vec<u8>],
) -> io::Result<()> {
    out.write_all(&super::GGML_MAGIC)?;
    let numbers = [
        sizes.vocabulary,
        sizes.audio_context,
        sizes.audio_state,
        sizes.audio_state / HEAD_WIDTH,
        sizes.audio_layers,
        sizes.text_context,
        sizes.text_state,
        sizes.text_state / HEAD_WIDTH,
        sizes.text_layers,
        sizes.mels,
        FTYPE_F16,
        sizes.mels,
        filters.len() / sizes.mels.max(1),
    ];
    numbers.iter().try_for_each(|n| number(out, *n))?;
    filters.iter().try_for_each(|f| out.write_all(&f.to_le_bytes()))?;
    number(out, tokens.len())?;
    for token in tokens {
        number(out, token.len())?;
        out.write_all(token)?;
    }
    Ok(())
}

/// Write one tensor. Those of two dimensions or more keep f16, vectors become f32, as whisper.cpp wants them.
pub(super) fn tensor(out: &mut impl Write, name: &str, tensor: &Tensor<'_>) -> io::Result<()> {
    let vector = tensor.shape.iter().filter(|d| **d > 1).count() < 2;
    write(out, name, tensor, vector || tensor.kind == Kind::F32)
}

/// Write one tensor as f32 whatever its shape.
pub(super) fn tensor_f32(out: &mut impl Write, name: &str, tensor: &Tensor<'_>) -> io::Result<()> {
    write(out, name, tensor, true)
}

fn write(out: &mut impl Write, name: &str, tensor: &Tensor<'_>, as_f32: bool) -> io::Result<()> {
    number(out, tensor.shape.len())?;
    number(out, name.len())?;
    number(out, usize::from(!as_f32))?;
    tensor.shape.iter().rev().try_for_each(|d| number(out, *d))?;
    out.write_all(name.as_bytes())?;
    match tensor.kind {
        Kind::F16 if as_f32 => tensor.data.chunks_exact(2).try_for_each(|b| {
            out.write_all(&f16_to_f32(u16::from_le_bytes([b[0], b[1]])).to_le_bytes())
        }),
        Kind::F16 | Kind::F32 => out.write_all(tensor.data),
    }
}

fn number(out: &mut impl Write, n: usize) -> io::Result<()> {
    let n = i32::try_from(n).map_err(io::Error::other)?;
    out.write_all(&n.to_le_bytes())
}

/// The value of a half-precision float.
fn f16_to_f32(half: u16) -> f32 {
    let (sign, exponent, fraction) = (half >> 15, half >> 10 & 0x1f, half & 0x3ff);
    let magnitude = match exponent {
        0 => f32::from(fraction) * 2.0_f32.powi(-24),
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + f32::from(fraction) / 1024.0) * 2.0_f32.powi(i32::from(exponent) - 15),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::f16_to_f32;

    fn check(half: u16, expect: f32) {
        assert_eq!(f16_to_f32(half).to_bits(), expect.to_bits(), "{half:#x}");
    }

    #[test]
    fn half_floats_have_their_values() {
        check(0x0000, 0.0);
        check(0x8000, -0.0);
        check(0x3c00, 1.0);
        check(0xc000, -2.0);
        check(0x3555, 0.333_251_95);
        check(0x7bff, 65504.0);
        check(0x0001, 5.960_464_5e-8);
        check(0xfc00, f32::NEG_INFINITY);
        assert!(f16_to_f32(0x7e00).is_nan());
    }
}
