//! The `#[profile]` attribute.
//!
//! `attr` parses what stands in its parentheses, `item` what it stands on, and `expand` writes the
//! instrumented function, with `body` and `drops`; `block` goes through the methods of an `impl` or `trait`. What the
//! generated code calls is `ferret::__private`, in ferret-core; nothing here knows how a span is
//! recorded.
//!
//! Programs do not depend on this crate: they use `ferret::profile`.

mod attr;
mod block;
mod body;
mod drops;
mod expand;
mod item;
mod look;
mod module;
mod name;
mod returned;
mod tail;
mod trivial;

use proc_macro::TokenStream;

/// Records every call of a function as a span.
///
/// ```
/// use ferret::profile;
///
/// #[profile]
/// fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
///     let number = text.trim().parse()?; // an `Err` returned from here is the span's outcome
///     Ok(number)
/// }
///
/// # assert!(parse("7").is_ok());
/// ```
///
/// It goes on free functions, methods, default methods of a trait, methods of a trait's `impl`, and
/// `async fn`s. Of an `async fn` the span begins at the first poll and ends when the future
/// completes, or is dropped (then its outcome is *cancelled*); between polls it is open but not
/// busy.
///
/// A span's outcome is *err* when the function returns an `Err`, through whatever alias its type is
/// written, and *panicked* when it unwinds. A function that is generic over its whole return type
/// (`fn f<T>() -> T`) counts as *ok*, even where `T` is a `Result`.
///
/// With ferret's feature `off`, the function is compiled as it would be without the attribute.
///
/// # On an `impl` or `trait` block
///
/// Every method is recorded, under the name `Type::method`. `#[profile(skip)]` leaves one out, and
/// its other options go on the method too. `const fn`s, and methods without a body, are left out.
///
/// ```
/// # use ferret::profile;
/// struct Decoder {
///     frames: u64,
/// }
///
/// #[profile]
/// impl Decoder {
///     fn next(&mut self) -> u64 {
///         self.frames += 1;
///         self.frames
///     }
///
///     #[profile(name = "Decoder::finish (flush)", stage)]
///     fn finish(self) -> u64 {
///         self.frames
///     }
///
///     #[profile(skip)]
///     fn frames(&self) -> u64 {
///         self.frames
///     }
/// }
/// # let mut decoder = Decoder { frames: 0 };
/// # assert_eq!(decoder.next() + decoder.frames() + decoder.finish(), 3);
/// ```
///
/// On a method alone the attribute cannot see the type, and the name is the method's.
///
/// # Options
///
/// - `name = "…"`: the span's name instead of the function's.
/// - `stage`: the function is a stage of the program's work: shown with its progress, its memory
///   and its share of the run.
/// - `tags(…)`: values recorded with the span, evaluated at entry: `key = value` for numbers,
///   booleans and strings, `key = %value` for what implements `Display`, `key = ?value` for
///   `Debug`. A variable that is its own key is written once: `tags(id, %path)`. Nothing is
///   evaluated while recording is off.
/// - `skip`: not recorded; of use on a method of a recorded block.
/// - `crate = path`: where ferret is, if the program has given the crate another name.
///
/// ```
/// # use ferret::profile;
/// # #[derive(Debug)]
/// # struct Options;
/// #[profile(name = "fetch feed", stage, tags(feed = url, bytes = body.len(), ?options))]
/// fn fetch(url: &str, body: &[u8], options: Options) {
///     // …
/// #   let _ = (url, body, options);
/// }
/// # fetch("https://example.org/feed", b"<rss/>", Options);
/// ```
///
/// # Where it does not go
///
/// `const fn`s, functions without a body, types and modules: the compiler says so, and points at
/// what is in the way.
///
/// Two kinds of functions are recorded without looking at what they return, so that their outcome
/// is *ok* or *panicked*: those that return `impl Trait`, whose closures may need the return type
/// to be understood, and those with `#[track_caller]`, which would otherwise name a place in
/// themselves as their caller.
#[proc_macro_attribute]
pub fn profile(options: TokenStream, item: TokenStream) -> TokenStream {
    item::profile(options.into(), item.into()).into()
}
