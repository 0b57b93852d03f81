//! Methods, and whole blocks of them.

use ferret::profile;
use std::fmt;
use std::rc::Rc;

#[derive(Clone)]
struct Decoder<'a, R> {
    source: R,
    name: &'a str,
    frames: Vec<u32>,
}

impl<'a, R: Iterator<Item = u32>> Decoder<'a, R> {
    #[profile]
    fn new(source: R, name: &'a str) -> Self {
        Self { source, name, frames: Vec::new() }
    }

    #[profile]
    fn next(&mut self) -> Option<&mut u32> {
        self.frames.push(self.source.next()?);
        self.frames.last_mut()
    }

    #[profile]
    fn two_fields(&mut self) -> (&mut R, &mut Vec<u32>) {
        (&mut self.source, &mut self.frames)
    }

    #[profile]
    fn name(&self) -> &'a str {
        self.name
    }

    #[profile]
    fn elided(&self, _other: &str) -> &str {
        self.name
    }

    #[profile]
    fn renamed(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    #[profile]
    fn shared(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }
}

trait Shape {
    fn area(&self) -> u64;

    #[profile]
    fn twice(&self) -> u64 {
        self.area() * 2
    }

    #[profile]
    fn corners(&self) -> impl Iterator<Item = u64> + '_ {
        let area = self.area();
        (0..4).map(move |corner| corner * area)
    }

    #[profile]
    fn sides(&self) -> Option<impl Iterator<Item = u64> + '_> {
        self.corners().last().map(|last| 0..last)
    }

    #[profile]
    fn itself(self) -> Self
    where
        Self: Sized,
    {
        self
    }
}

struct Square(u64);

impl Shape for Square {
    #[profile]
    fn area(&self) -> u64 {
        self.0 * self.0
    }

    #[profile]
    fn sides(&self) -> Option<impl Iterator<Item = u64> + '_> {
        if self.0 == 0 {
            return None;
        }
        Some(std::iter::repeat_n(self.0, 4))
    }
}

impl fmt::Display for Square {
    #[profile]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{0}x{0}", self.0)
    }
}

struct Counter {
    count: u64,
}

#[profile]
impl Counter {
    const START: u64 = 10;

    const fn new() -> Self {
        Self { count: Self::START }
    }

    fn add(&mut self, more: u64) -> Result<u64, String> {
        self.count = self.count.checked_add(more).ok_or("too many")?;
        Ok(self.count)
    }

    /// Kept.
    #[must_use]
    #[profile(name = "Counter::take (all)", tags(count = self.count))]
    fn take(self) -> u64 {
        self.count
    }

    #[profile(skip)]
    fn count(&self) -> u64 {
        self.count
    }

    #[ferret::profile(stage)]
    async fn later(&mut self) -> &u64 {
        self.count += 1;
        &self.count
    }
}

#[profile]
impl<T> PartialEq<Vec<T>> for Counter {
    fn eq(&self, other: &Vec<T>) -> bool {
        self.count == other.len() as u64
    }
}

#[profile]
trait Greeter {
    const NAME: &'static str;
    fn greeting(&self) -> String;
    fn greet(&self) -> String {
        format!("{}, {}", self.greeting(), Self::NAME)
    }
}

#[profile]
impl Greeter for &'static str {
    const NAME: &'static str = "world";
    fn greeting(&self) -> String {
        (*self).to_owned()
    }
}

macro_rules! blocks {
    ($($ty:ident)*) => {$(
        #[profile]
        impl $ty {
            fn made_by_macro() -> Option<Self> {
                Some(Self).filter(|_| true)
            }
        }
    )*};
}

struct Unit;
blocks!(Unit);

#[test]
fn methods_return_what_they_would() {
    let mut decoder = Decoder::new(5..7, "a");
    *decoder.next().unwrap() += 1;
    assert_eq!(decoder.two_fields().1, &[6]);
    assert_eq!((decoder.name(), decoder.elided("x")), ("a", "a"));
    let decoder = decoder.renamed("b");
    assert_eq!(Rc::new(decoder.clone()).shared(), 1);
    assert_eq!(decoder.name, "b");
    assert_eq!(Square(3).twice(), 18);
    assert_eq!(Square(1).corners().sum::<u64>(), 6);
    assert_eq!(Square(2).itself().to_string(), "2x2");
    assert_eq!(Square(2).sides().map(Iterator::sum), Some(8));
    assert!(Square(0).sides().is_none());
}

#[test]
fn methods_of_blocks_return_what_they_would() {
    let mut counter = Counter::new();
    assert_eq!(counter.add(2).unwrap(), 12);
    assert!(counter.add(u64::MAX).is_err());
    assert_eq!(*futures::executor::block_on(counter.later()), 13);
    assert!(counter == vec![(); 13]);
    assert_eq!((counter.count(), counter.take()), (13, 13));
    assert_eq!("hello".greet(), "hello, world");
    assert!(matches!(Unit::made_by_macro(), Some(Unit)));
}
