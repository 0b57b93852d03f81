//! `#[profile]` under `cfg_attr`, in blocks and modules that are recorded.

use crate::script::check;
use ferret::profile;

struct Parser;

#[profile]
impl Parser {
    #[cfg_attr(all(), profile(skip))]
    fn left_out() -> u32 {
        one()
    }

    #[cfg_attr(any(), profile(skip))]
    fn not_left_out() -> u32 {
        one()
    }

    #[cfg_attr(all(), profile(name = "named"), inline(never))]
    fn has_a_name() -> u32 {
        one()
    }

    #[cfg_attr(any(), profile(name = "named"))]
    fn has_none() -> u32 {
        one()
    }

    // Exclusive: never both.
    #[cfg_attr(all(), profile(name = "by the first"))]
    #[cfg_attr(not(all()), profile(name = "by the second"))]
    fn one_of_two() -> u32 {
        one()
    }

    #[cfg_attr(all(), cfg_attr(not(any()), ferret::profile(name = "under two")))]
    fn under_two() -> u32 {
        one()
    }

    // Too small to be recorded, but where it says so.
    #[cfg_attr(all(), profile)]
    fn small() -> u32 {
        3
    }

    #[cfg_attr(any(), profile)]
    fn smaller() -> u32 {
        3
    }
}

#[profile]
trait Shape {
    #[cfg_attr(all(), profile(skip))]
    fn sides(&self) -> u32 {
        one() + 3
    }
}

impl Shape for Parser {}

fn one() -> u32 {
    1
}

#[profile]
mod work {
    #[cfg(test)]
    use ferret::profile;

    pub(super) struct Type;

    #[cfg_attr(all(), profile(skip))]
    impl Type {
        pub(super) fn left_out() -> u32 {
            super::one()
        }
    }

    #[cfg_attr(any(), profile(skip))]
    impl Type {
        pub(super) fn recorded() -> u32 {
            super::one()
        }
    }

    #[cfg_attr(test, profile(skip))]
    pub(super) mod inner {
        pub(crate) fn left_out() -> u32 {
            super::super::one()
        }
    }

    #[cfg_attr(not(all()), profile(nonsense))]
    pub(super) fn function() -> u32 {
        super::one()
    }
}

#[test]
fn what_stands_under_a_condition_counts_where_that_holds() {
    check(
        || {
            let sum = Parser::left_out() + Parser::not_left_out() + Parser::has_a_name();
            let sum = sum + Parser::has_none() + Parser::one_of_two() + Parser::under_two();
            let sum = sum + Parser::small() + Parser::smaller() + Parser.sides();
            let sum = sum + work::Type::left_out() + work::Type::recorded();
            assert_eq!(sum + work::inner::left_out() + work::function(), 20);
        },
        "
        Parser::not_left_out
        Parser::not_left_out: ok
        named
        named: ok
        Parser::has_none
        Parser::has_none: ok
        by the first
        by the first: ok
        under two
        under two: ok
        Parser::small
        Parser::small: ok
        Type::recorded
        Type::recorded: ok
        function
        function: ok
        ",
    );
}
