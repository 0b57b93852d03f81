//! Options, `span!`, `tag!` and `mark!`, in every way in which they can be written.

use ferret::{mark, profile, span, tag};
use std::borrow::Cow;
use std::num::NonZero;
use std::path::Path;
use std::rc::Rc;

#[profile()]
fn empty() {}

#[profile(name = "with a name", stage, tags())]
fn all_but_tags() {}

#[profile(skip)]
const fn skipped() -> u32 {
    3
}

#[profile(tags(
    id = user.id, name = user.name.as_str(), user.id2, more = n + 1, path = %path.display(), ?user,
    %n, neg = -n, text = "literal", r#type = n > 4, "a.b" = n == 3, "c" = %path.display(),
))]
fn values(user: &User, path: &Path, n: i64) -> u64 {
    user.id
}

#[derive(Debug)]
struct User {
    id: u64,
    id2: u8,
    name: String,
}

#[profile(name = format_args!("user {}", user.id), err)]
fn named(user: &User) -> Result<u64, String> {
    user.name.is_empty().then_some(user.id).ok_or_else(|| user.name.clone())
}

#[profile(name = n + 1, err(Debug), tags(n))]
fn named_by_number(n: u32) -> std::io::Result<u32> {
    std::fs::metadata("/no/such/file")?;
    Ok(n)
}

#[profile(name = concat!("a", stringify!(b)), none)]
fn named_by_the_compiler(n: Option<u32>) -> Option<u32> {
    Some(n? + 1)
}

#[profile(name = name)]
fn named_by_what_is_moved(name: String) -> String {
    name
}

#[profile(name = text, err(Display))]
async fn named_later(text: &str) -> Result<u32, std::num::ParseIntError> {
    std::future::ready(()).await;
    text.parse()
}

/// A tag takes no value away from the body.
#[profile(tags(name, ?list))]
fn moved(name: String, list: Vec<u32>) -> (String, Vec<u32>) {
    (name, list)
}

impl User {
    #[profile(tags(self.id, name = %self.name))]
    fn method(self) -> u64 {
        self.id
    }
}

fn macros(user: &User) {
    const NAME: &str = "constant";
    let _span = span!("no fields");
    let _span = span!("a comma",);
    let n = 3_u8;
    let path = Path::new("x");
    let _span = span!("fields", n, id = user.id, path = %path.display(), ?path, "a.b" = n > 2,);
    let _span = span!(concat!("made ", "up"));
    let _span = span!(NAME);
    let _span = span!(name = NAME);
    let _span = span!(name = user.name, n, path = %path.display(),);
    let _span = span!(name = format!("{n}/{}", user.id),);
    tag!(n);
    tag!(n, %n, ?n, sum = n + 1, text = "x", r#type = %"y",);
    mark!("here");
    mark!(concat!("and ", "there"),);
}

fn types() {
    let text = String::from("text");
    let cow = Cow::from("cow");
    tag!(a = 1_u8, b = 2_u16, c = 3_u32, d = 4_u64, e = 5_usize, f = 6_u128, g = u128::MAX);
    tag!(a = -1_i8, b = -2_i16, c = -3_i32, d = -4_i64, e = -5_isize, f = -6_i128, g = i128::MIN);
    tag!(a = 1.5_f32, b = 2.5_f64, c = true, d = 'd', e = "e", f = text, g = cow, h = &text);
    tag!(a = Some(1), b = None::<u8>, c = Box::new(1), d = Rc::new("rc"), e = &mut 3, f = &&4);
    tag!(a = NonZero::<u32>::MIN, b = Rc::<str>::from("rc"), c = 1 + 1);
    assert_eq!((text.as_str(), &*cow), ("text", "cow"));
}

#[test]
fn all_ways_of_writing_are_taken() {
    let user = || User { id: 7, id2: 8, name: "name".to_owned() };
    empty();
    all_but_tags();
    assert_eq!(skipped(), 3);
    assert_eq!(values(&user(), Path::new("x"), 1), 7);
    assert_eq!(moved("a".to_owned(), vec![1]).1, [1]);
    assert_eq!(user().method(), 7);
    assert!(named(&user()).is_err() && named_by_number(3).is_err());
    assert_eq!((named_by_the_compiler(Some(3)), named_by_the_compiler(None)), (Some(4), None));
    assert_eq!(named_by_what_is_moved("x".to_owned()), "x");
    assert_eq!(futures::executor::block_on(named_later("3")), Ok(3));
    macros(&user());
    types();
}
