//! Messages about the body point into the body.
use ferret::profile;

struct Failure;

#[profile]
fn wrong_tail() -> u32 {
    "text"
}

#[profile]
fn wrong_return(early: bool) -> u32 {
    if early {
        return "text";
    }
    3
}

#[profile]
fn no_tail() -> u32 {
    3;
}

#[profile]
fn no_return_type() {
    3
}

#[profile]
fn question_mark(text: &str) -> Result<u32, Failure> {
    let number = text.parse::<u32>()?;
    Ok(number)
}

#[profile]
fn impl_question_mark(text: &str) -> Result<impl Iterator<Item = u32>, Failure> {
    let number = text.parse::<u32>()?;
    Ok(0..number)
}

#[profile]
fn impl_of_another_type() -> impl Iterator<Item = u32> {
    3
}

#[profile]
async fn wrong_tail_of_a_future() -> u32 {
    "text"
}

#[profile]
async fn wrong_return_of_a_future(early: bool) -> u32 {
    if early {
        return "text";
    }
    3
}

#[profile]
fn no_such_type(a: Missing) -> Absent {
    a
}

struct Type {
    list: Vec<u32>,
}

#[profile]
impl Type {
    fn method(&self) -> &u32 {
        self.list
    }
}

fn main() {}
