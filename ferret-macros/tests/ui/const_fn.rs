use ferret::profile;

#[profile]
const fn free() -> u32 {
    3
}

struct Type;

impl Type {
    #[profile(stage)]
    pub const unsafe fn method() -> u32 {
        3
    }
}

#[profile]
impl Type {
    // Left out without a word: the attribute is not on it.
    const fn left_out() -> u32 {
        free()
    }

    #[profile(name = "asked for")]
    const fn asked_for() -> u32 {
        Self::left_out()
    }
}

fn main() {}
