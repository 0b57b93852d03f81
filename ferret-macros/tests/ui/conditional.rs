use ferret::profile;

#[profile]
#[cfg_attr(all(), profile(name = "x"))]
fn would_be_two_spans() {}

struct Type;

#[profile]
impl Type {
    #[cfg_attr(all(), profile(stages))]
    fn unknown_option(&self) {}

    // Nothing is wrong where the condition does not hold.
    #[cfg_attr(any(), profile(stages))]
    fn unknown_option_of_nobody(&self) {}

    #[profile(stage)]
    #[cfg_attr(all(), profile(name = "x"))]
    fn twice(&self) {}

    #[cfg_attr(all(), profile(name = "x"))]
    fn wrong_type(&self, text: &str) -> u32 {
        text.trim()
    }
}

#[profile]
mod work {
    #[cfg_attr(all(), profile(stage))]
    impl super::Type {
        fn method(&self) {}
    }
}

fn main() {
    Type.unknown_option_of_nobody();
}
