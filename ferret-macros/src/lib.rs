//! The `#[profile]` attribute.
//!
//! `attr` parses what stands in its parentheses (with `name` and `look` for two of the options),
//! `item` what it stands on, and `expand` writes the instrumented function, with `body` and `drops`;
//! `returned` and `tail` are about functions that return a future. `block` goes through the methods of
//! an `impl` or `trait`, `module` (with `imports`) through the items of a `mod`; `trivial` says which of
//! those are too small to record, `conditional` what a `cfg_attr` makes of them. What the generated code calls is `ferret::__private`, in ferret-core; nothing
//! here knows how a span is recorded.
//!
//! Programs do not depend on this crate: they use `ferret::profile`.

mod attr;
mod block;
mod body;
mod conditional;
mod drops;
mod expand;
mod imports;
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
/// It goes on free functions, methods, default methods of a trait, methods of a trait's `impl`,
/// `async fn`s and functions that return a future; and on whole `impl` and `trait` blocks and modules.
///
/// A span's outcome is *err* when the function returns an `Err`, through whatever alias its type is
/// written, and *panicked* when it unwinds. A function that is generic over its whole return type
/// (`fn f<T>() -> T`) counts as *ok*, even where `T` is a `Result`.
///
/// With ferret's feature `off`, the function is compiled as it would be without the attribute.
///
/// # Options
///
/// - `name = "…"`: the span's name instead of the function's. `name = expression`: a name made when
///   the span begins; see [below](#names-made-of-values).
/// - `stage`: the function is a stage of the program's work: shown with its progress, its memory
///   and its share of the run.
/// - `tags(…)`: values recorded with the span, evaluated at entry: `key = value` for numbers,
///   booleans and strings, `key = %value` for what implements `Display`, `key = ?value` for
///   `Debug`. A variable that is its own key is written once: `tags(id, %path)`. Nothing is
///   evaluated while recording is off.
/// - `err`: an error that is returned is recorded as the tag `error`, by its `Display`; `err(Debug)`
///   by its `Debug`. For functions that return a `Result`.
/// - `none`: the outcome is *err* when `None` is returned. For functions that return an `Option`.
/// - `skip`: not recorded; of use within a recorded block or module.
/// - `crate = path`: where ferret is, if the program has given the crate another name.
///
/// ```
/// # use ferret::profile;
/// # #[derive(Debug)]
/// # struct Options;
/// #[profile(name = "fetch feed", stage, tags(feed = url, bytes = body.len(), ?options), err)]
/// fn fetch(url: &str, body: &[u8], options: Options) -> Result<usize, std::str::Utf8Error> {
///     // …
/// #   let _ = (url, options);
///     Ok(std::str::from_utf8(body)?.len()) // error = "invalid utf-8 sequence of …"
/// }
///
/// #[profile(none)]
/// fn find(feeds: &[&str], wanted: &str) -> Option<usize> {
///     feeds.iter().position(|feed| *feed == wanted)
/// }
/// # assert_eq!(fetch("https://example.org/feed", b"<rss/>", Options), Ok(6));
/// # assert_eq!(find(&[], "a"), None);
/// ```
///
/// # Futures
///
/// Of an `async fn` the span begins at the first poll and ends when the future completes, or is
/// dropped (then its outcome is *cancelled*); between polls it is open but not busy. Name and tags are
/// evaluated at the first poll.
///
/// The same goes for a function that returns `impl Future`, `Pin<Box<dyn Future>>`, or futures'
/// `BoxFuture` or `LocalBoxFuture`, as it is written: an alias of the program's own is not seen
/// through, and there the span is the call. What such a function does before it has made the future is
/// not part of the span, and a computed name is evaluated there. Its outcome is read off what the
/// future gives.
///
/// The last two are known by their name alone: whatever is called `BoxFuture` or `LocalBoxFuture` is
/// taken for a pinned box of a future. An alias of the program's own for such a box may be called so.
/// Of a type that is no such box, and is called so all the same, a function does not compile with the
/// attribute; give the type another name there (`type Own = BoxFuture;`), and the span is the call.
///
/// ```
/// # use ferret::profile;
/// use std::future::Future;
/// use std::pin::Pin;
///
/// #[profile(tags(id), err)]
/// fn load<'a>(id: u64) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<u8>>> + Send + 'a>> {
///     Box::pin(async move { read(id).await })
/// }
///
/// #[profile]
/// fn read(id: u64) -> impl Future<Output = std::io::Result<Vec<u8>>> + Send {
///     async move { std::fs::read(format!("/no/such/{id}")) }
/// }
/// # assert!(futures::executor::block_on(load(3)).is_err());
/// ```
///
/// Where the body ends in `async { … }` or `Box::pin(async { … })`, with no `return` or `?` before it, and
/// no macro that may hide one (the standard library's do not), the span costs no allocation. Else a boxed future is put into another box; that is only done
/// while recording is on, so one made before recording began is not recorded. `tags` need the first
/// form, with `move`.
///
/// With `#[async_trait]` the attribute goes on the methods, or above or below it on the `impl` or
/// `trait`.
///
/// # On an `impl` or `trait` block
///
/// Every method is recorded, under the name `Type::method`. `#[profile(skip)]` leaves one out, and
/// its other options go on the method too. `const fn`s, `extern "C" fn`s, methods without a body and
/// [accessors](#what-is-too-small-to-record) are left out.
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
///     // Left out: an accessor.
///     fn frames(&self) -> u64 {
///         self.frames
///     }
///
///     #[profile(skip)]
///     fn double(&self) -> u64 {
///         self.frames().wrapping_mul(2)
///     }
/// }
/// # let mut decoder = Decoder { frames: 0 };
/// # assert_eq!(decoder.next() + decoder.frames() + decoder.double() + decoder.finish(), 5);
/// ```
///
/// On a method alone the attribute cannot see the type, and the name is the method's.
///
/// Where the attribute stands under a condition in such a block, as where recording is a feature of the
/// program's own, the condition decides: `#[cfg_attr(feature = "prof", profile(skip))]` leaves a
/// method out if there is the feature, and without it the method is recorded like the others. The
/// same goes for what is in a module.
///
/// # On a module
///
/// Every function in it is recorded, and every method of its `impl` and `trait` blocks, and so on in
/// the inline modules in it. `#[profile(skip)]` leaves out a function, a block or a module. What has
/// options of its own uses those. Left alone are `const fn`s, `extern "C" fn`s (one may be a signal handler), accessors, tests (and whole
/// `#[cfg(test)]` modules and blocks), what `extern` blocks declare, and what macros make. A `main` is
/// a function like any other.
///
/// ```
/// # use ferret::profile;
/// #[profile]
/// mod feed {
///     pub struct Feed(pub Vec<String>);
///
///     impl Feed {
///         // Recorded as `Feed::parse`.
///         pub fn parse(text: &str) -> Self {
///             Self(text.lines().map(normal).collect())
///         }
///     }
///
///     #[profile(skip)]
///     fn normal(line: &str) -> String {
///         line.trim().to_owned()
///     }
/// }
/// # assert_eq!(feed::Feed::parse("a \n b").0, ["a", "b"]);
/// ```
///
/// It must be written out where the attribute is: of `mod feed;` the attribute would only see the name.
///
/// # What is too small to record
///
/// In annotated blocks and modules a function is left out if its body is empty or one expression made
/// of nothing but
///
/// - literals, paths, fields, indices, references, casts and operators, assignments among them,
/// - structs, tuples, arrays, and calls of what begins with a capital: `Some(self.rate)`,
/// - `borrow`, `borrow_mut`, `clone`, `cloned`, `copied`, `get`, `is_empty`, `is_err`, `is_none`,
///   `is_ok`, `is_some`, `iter`, `iter_mut`, `len` and `as_…`, called without arguments on a field,
/// - `matches!` of such an expression.
///
/// A span would cost more than it measures. `#[profile]` on the function itself records it all the
/// same.
///
/// # Names made of values
///
/// A name can be any expression of the arguments that implements `Display`. It is evaluated when the span
/// begins, and not at all while recording is off; of what it gives, 128 bytes are kept, and if it gives
/// nothing the name is the function's.
///
/// ```
/// # use ferret::profile;
/// #[profile(name = format_args!("{method} /users"), tags(id))]
/// fn handle(method: &str, id: u64) {
///     // …
/// #   let _ = (method, id);
/// }
/// # handle("GET", 3);
/// ```
///
/// It is for names of which there are few, since each is a row of its own in every report, for ever: a
/// place in the program keeps 64 of them apart, the process 4096, and what comes after those is called
/// `<other>`; `ferret analyze` says so. What differs from call to call goes into a tag.
///
/// # Where it does not go
///
/// `const fn`s, functions without a body, types, and modules in other files: the compiler says so, and
/// points at what is in the way.
///
/// Two kinds of functions are recorded without looking at what they return, so that their outcome
/// is *ok* or *panicked*: those that return an `impl Trait` that is no future, whose closures may need
/// the return type to be understood, and those with `#[track_caller]`, which would otherwise name a
/// place in themselves as their caller.
#[proc_macro_attribute]
pub fn profile(options: TokenStream, item: TokenStream) -> TokenStream {
    item::profile(options.into(), item.into()).into()
}
