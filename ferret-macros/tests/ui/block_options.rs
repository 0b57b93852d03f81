use ferret::profile;

struct Type;

#[profile(skip)]
impl Type {
    fn a(&self) {}
}

#[profile(name = "name")]
impl Type {
    fn b(&self) {}
}

#[profile(tags(n))]
trait Trait {
    fn c(&self) {}
}

#[profile]
impl Type {
    #[profile(stages)]
    fn d(&self) {}

    #[profile]
    #[profile]
    fn e(&self) {}

    #[profile = "name"]
    fn f(&self) {}
}

fn main() {}
