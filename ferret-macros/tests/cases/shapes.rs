//! Functions.

use ferret::profile;
use std::borrow::Cow;
use std::cell::{Ref, RefCell};
use std::fmt::Display;
use std::io;

#[profile]
fn nothing() {}

#[profile]
fn plain(a: u32, b: u32) -> u32 {
    a + b
}

#[profile]
fn generic<T: Clone, U>(value: &T, _other: &U) -> (T, T)
where
    U: Display + ?Sized,
{
    (value.clone(), value.clone())
}

type Alias<T> = Result<T, Box<dyn std::error::Error>>;

#[profile]
fn question_mark(text: &str) -> Alias<u32> {
    let number: u32 = text.parse()?;
    if number > 100 {
        return Err("too much".into());
    }
    Ok(number)
}

#[profile]
fn io_result(fail: bool) -> io::Result<()> {
    if fail {
        Err(io::ErrorKind::NotFound)?;
    }
    Ok(())
}

#[profile]
fn early(n: i32) -> Option<i32> {
    if n < 0 {
        return None;
    }
    for i in 0.. {
        if i * i >= n {
            return Some(i);
        } else if i > 1000 {
            break;
        }
    }
    None
}

#[profile]
fn panics(message: &str) -> u32 {
    panic!("{}", message)
}

#[profile]
fn never() -> ! {
    std::panic::panic_any("never")
}

#[profile]
fn never_without_saying() {
    panic!("never")
}

#[profile]
fn infallible() -> std::convert::Infallible {
    panic!("never")
}

#[profile]
fn impl_argument(items: impl IntoIterator<Item = impl Display>) -> usize {
    items.into_iter().map(|item| item.to_string().len()).sum()
}

#[profile]
fn impl_return<'a>(items: &'a [u32], least: &'a u32) -> impl Iterator<Item = &'a u32> + 'a {
    items.iter().filter(move |item| *item >= least)
}

#[profile]
fn inferred_from_return() -> impl Fn(&str) -> bool {
    |text| text.len() > 3
}

#[profile]
fn impl_in_result(good: bool) -> Result<impl Iterator<Item = u32>, io::Error> {
    if !good {
        return Err(io::ErrorKind::Other.into());
    }
    let read: Result<u32, io::Error> = Ok(3);
    let end = read?;
    Ok(0..end)
}

#[profile]
fn boxed(odd: bool) -> Box<dyn Fn(u32) -> u32> {
    if odd {
        return Box::new(|n| 2 * n + 1);
    }
    Box::new(|n| 2 * n)
}

#[profile]
fn elided(text: &str) -> &str {
    text.trim()
}

#[profile]
fn named<'a, 'b: 'a>(first: &'a str, second: &'b str) -> &'a str {
    if first.is_empty() { second } else { first }
}

#[profile]
fn shrinking<'a>(mut rest: &'a mut [u32]) -> &'a mut u32 {
    while rest.len() > 1 {
        rest = &mut rest[1..];
    }
    &mut rest[0]
}

#[profile]
fn anonymous(cell: &RefCell<String>) -> Ref<'_, str> {
    Ref::map(cell.borrow(), String::as_str)
}

#[profile]
fn cow(text: &str, upper: bool) -> Cow<'_, str> {
    if upper { text.to_uppercase().into() } else { text.into() }
}

/// # Safety
///
/// `pointer` is valid.
#[profile]
unsafe fn raw(pointer: *const u32) -> u32 {
    // SAFETY: the caller says so.
    unsafe { *pointer }
}

#[profile]
extern "C" fn called_from_c(a: i32, b: i32) -> i32 {
    a.max(b)
}

#[profile]
fn const_parameter<const N: usize>(start: u8) -> [u8; N] {
    let mut all = [start; N];
    for (i, one) in (0..).zip(&mut all) {
        *one += i;
    }
    all
}

#[profile]
fn recursion(n: u64) -> u64 {
    if n < 2 { n } else { recursion(n - 1) + recursion(n - 2) }
}

#[must_use = "kept"]
#[inline(never)]
#[cfg_attr(all(), doc = "Kept too.")]
#[profile]
fn attributes() -> u32 {
    #![expect(unused_variables, reason = "to see that this attribute is kept")]
    let unused = 3;
    7
}

#[profile]
#[track_caller]
fn caller() -> u32 {
    std::panic::Location::caller().line()
}

#[profile]
fn patterns((a, b): (u32, u32), [first, .., last]: [u32; 3], Point { x, .. }: Point) -> u32 {
    a + b + first + last + x
}

struct Point {
    x: u32,
    #[expect(dead_code, reason = "for the pattern to leave out")]
    y: u32,
}

#[profile]
fn mutable(mut list: Vec<u32>, mut n: u32) -> Vec<u32> {
    while n > 0 {
        n -= 1;
        list.push(n);
    }
    list
}

#[profile]
fn configured(#[cfg(not(any()))] a: String, #[cfg(any())] b: String, c: String) -> String {
    a + &c
}

#[profile]
fn items_inside() -> u32 {
    #[profile]
    fn inner() -> u32 {
        LIMIT
    }
    const LIMIT: u32 = 4;
    inner() + LIMIT
}

#[cfg(target_arch = "x86_64")]
#[profile]
#[target_feature(enable = "popcnt")]
fn with_feature(n: i64) -> i32 {
    std::arch::x86_64::_popcnt64(n)
}

macro_rules! functions {
    ($($name:ident($argument:ident: $ty:ty) $body:block)*) => {$(
        #[profile]
        fn $name($argument: $ty) -> $ty $body
    )*};
}

functions! {
    doubled(n: u32) { n * 2 }
    squared(n: u32) { if n == 0 { return 0; } n * n }
}

macro_rules! of_type {
    ($name:ident() -> $ty:ty { $value:expr }) => {
        #[profile]
        fn $name() -> $ty {
            $value
        }
    };
    () => {
        u32
    };
}

of_type!(never_by_macro() -> ! { panic!("never") });
of_type!(impl_by_macro() -> impl Fn(&str) -> bool { |text| text.is_empty() });
of_type!(result_by_macro() -> Result<impl Iterator<Item = u32>, String> { Ok(0..3) });

#[profile]
fn type_by_macro() -> of_type!() {
    3
}

#[test]
fn functions_return_what_they_would() {
    nothing();
    assert_eq!(plain(1, 2), 3);
    assert_eq!(generic(&"x", "y"), ("x", "x"));
    assert_eq!(question_mark("7").unwrap(), 7);
    assert!(question_mark("700").is_err() && question_mark("x").is_err());
    assert!(io_result(true).is_err() && io_result(false).is_ok());
    assert_eq!((early(-1), early(17)), (None, Some(5)));
    assert_eq!(impl_argument(vec!["a", "bcd"]), 4);
    assert_eq!(impl_return(&[1, 5, 3], &3).collect::<Vec<_>>(), [&5, &3]);
    assert!(inferred_from_return()("long enough"));
    assert_eq!(impl_in_result(true).unwrap().sum::<u32>(), 3);
    assert!(impl_in_result(false).is_err());
    assert_eq!((boxed(true)(3), boxed(false)(3)), (7, 6));
    assert_eq!((elided(" a "), named("", "b")), ("a", "b"));
    let mut numbers = [1, 2, 3];
    *shrinking(&mut numbers) = 9;
    assert_eq!(numbers, [1, 2, 9]);
    assert_eq!(&*anonymous(&RefCell::new("cell".to_owned())), "cell");
    assert_eq!((&*cow("a", true), &*cow("a", false)), ("A", "a"));
    // SAFETY: the reference is valid.
    assert_eq!(unsafe { raw(&5) }, 5);
    assert_eq!(called_from_c(1, 2), 2);
    assert_eq!(const_parameter::<3>(4), [4, 5, 6]);
    assert_eq!(recursion(10), 55);
    assert_eq!(attributes(), 7);
    assert_eq!(patterns((1, 2), [3, 4, 5], Point { x: 6, y: 7 }), 17);
    assert_eq!(mutable(vec![9], 2), [9, 1, 0]);
    assert_eq!(configured("a".to_owned(), "c".to_owned()), "ac");
    assert_eq!(items_inside(), 8);
    assert_eq!((doubled(4), squared(4), type_by_macro()), (8, 16, 3));
    assert!(impl_by_macro()(""));
    assert_eq!(result_by_macro().unwrap().count(), 3);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn target_features_reach_the_body() {
    if std::is_x86_feature_detected!("popcnt") {
        // SAFETY: the feature is there.
        assert_eq!(unsafe { with_feature(7) }, 3);
    }
}

#[test]
fn a_panic_passes_through() {
    let panicked = std::panic::catch_unwind(|| panics("as it was")).unwrap_err();
    assert_eq!(panicked.downcast_ref::<String>().unwrap(), "as it was");
    for function in
        [|| never(), || never_by_macro(), never_without_saying, || match infallible() {}]
    {
        let panicked = std::panic::catch_unwind(function).unwrap_err();
        assert_eq!(panicked.downcast_ref::<&str>().unwrap(), &"never");
    }
}

#[test]
fn track_caller_names_the_caller() {
    let here = line!() + 1;
    assert_eq!(caller(), here);
}

#[derive(Clone)]
struct Noisy<'a>(&'static str, &'a RefCell<Vec<&'static str>>);

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[profile]
fn drops<'a>(a: Noisy<'a>, _: Noisy<'a>, (b, c): (Noisy<'a>, u8), d: Noisy<'a>) -> &'static str {
    let _local = Noisy("local", a.1);
    let name = a.0;
    assert_eq!((b.0, c), ("b", 1));
    assert_eq!(format!("{}", d.0), "d");
    name
}

#[expect(clippy::needless_pass_by_value, reason = "it is about dropping them")]
fn drops_by_hand<'a>(
    a: Noisy<'a>,
    _: Noisy<'a>,
    (b, c): (Noisy<'a>, u8),
    d: Noisy<'a>,
) -> &'static str {
    let _local = Noisy("local", a.1);
    let name = a.0;
    assert_eq!((b.0, c), ("b", 1));
    assert_eq!(format!("{}", d.0), "d");
    name
}

#[test]
fn parameters_are_dropped_last_to_first() {
    let check = |run: &dyn Fn(&RefCell<Vec<&'static str>>)| {
        let order = RefCell::new(Vec::new());
        run(&order);
        order.into_inner()
    };
    let with = check(&|order| {
        let noisy = |name| Noisy(name, order);
        drops(noisy("a"), noisy("_"), (noisy("b"), 1), noisy("d"));
    });
    let without = check(&|order| {
        let noisy = |name| Noisy(name, order);
        drops_by_hand(noisy("a"), noisy("_"), (noisy("b"), 1), noisy("d"));
    });
    assert_eq!(without, ["local", "d", "b", "_", "a"]);
    // What the body does not mention is not the body's to drop: it goes last.
    assert_eq!(with, ["local", "d", "b", "a", "_"]);
}
