use ferret::profile;

#[profile(skip)]
mod skipped {}

#[profile(stage)]
mod stage {}

#[profile]
mod in_a_file;

#[profile]
mod work {
    #[profile(stages)]
    fn unknown_option() {}

    fn wrong_type(text: &str) -> u32 {
        text.trim()
    }

    #[profile(name = "x")]
    impl super::Type {
        fn method(&self) -> u32 {
            self.missing()
        }
    }

    #[profile = "x"]
    mod strange {}

    mod inner {
        #[profile]
        const fn constant() {}

        fn unused(argument: u32) -> u32 {
            std::process::id()
        }
    }
}

struct Type;

fn main() {}
