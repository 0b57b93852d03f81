//! What `counter!` and `gauge!` take.

use std::num::NonZero;

/// A number that a counter or a gauge can have: any integer or float, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "a counter's or gauge's number cannot be a `{Self}`",
    label = "not an integer or a float"
)]
pub trait Number {
    /// The nearest `f64`.
    fn number(&self) -> f64;
}

macro_rules! exact {
    ($($number:ty)*) => {$(
        impl Number for $number {
            #[inline]
            fn number(&self) -> f64 {
                f64::from(*self)
            }
        }
    )*};
}

macro_rules! rounded {
    ($($number:ty)*) => {$(
        impl Number for $number {
            #[inline]
            #[expect(clippy::cast_precision_loss, reason = "past 2^53, to the nearest")]
            fn number(&self) -> f64 {
                *self as f64
            }
        }
    )*};
}

macro_rules! non_zero {
    ($($number:ty)*) => {$(
        impl Number for NonZero<$number> {
            #[inline]
            fn number(&self) -> f64 {
                self.get().number()
            }
        }
    )*};
}

exact!(u8 u16 u32 i8 i16 i32 f32 f64);
rounded!(u64 u128 usize i64 i128 isize);
non_zero!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl<T: Number + ?Sized> Number for &T {
    #[inline]
    fn number(&self) -> f64 {
        T::number(self)
    }
}

// A function of `&T`, not a method: of a value that does not do, the compiler then points at the
// value itself, through the macro that calls it.

/// The number of a counter or gauge.
#[inline]
pub fn number<T: Number + ?Sized>(number: &T) -> f64 {
    number.number()
}
