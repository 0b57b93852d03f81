//! Whole modules, with everything that can stand in one.

use ferret::profile;

#[profile]
pub(crate) mod everything {
    #![expect(dead_code, reason = "it only has to compile")]
    //! Documented inside.

    use std::fmt;

    pub(crate) const CONSTANT: u32 = constant(3);
    pub(crate) static STATIC: u32 = CONSTANT;

    macro_rules! function {
        ($name:ident) => {
            pub(crate) fn $name() -> u32 {
                CONSTANT + 1
            }
        };
    }
    function!(made_by_macro);

    pub(crate) type Pair<T> = (T, T);

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(crate) struct Stack<T> {
        items: Vec<T>,
    }

    impl<T: Clone> Stack<T> {
        const ROOM: usize = 3;

        pub(crate) const fn new() -> Self {
            Self { items: Vec::new() }
        }

        pub(crate) fn push(&mut self, item: T) -> Result<usize, T> {
            if self.items.len() == Self::ROOM {
                return Err(item);
            }
            self.items.push(item);
            Ok(self.len())
        }

        pub(crate) fn len(&self) -> usize {
            self.items.len()
        }

        #[profile(stage, none)]
        pub(crate) fn pop(&mut self) -> Option<T> {
            self.items.pop()
        }

        pub(crate) async fn all(self) -> Vec<T> {
            std::future::ready(()).await;
            self.items
        }
    }

    impl<T> fmt::Display for Stack<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} items", self.items.len())
        }
    }

    pub(crate) trait Area {
        type Unit;
        const SIDES: u32;

        fn area(&self) -> u32;

        fn sides(&self) -> u32 {
            let sides = Self::SIDES;
            sides.saturating_sub(0)
        }
    }

    impl Area for u32 {
        type Unit = ();
        const SIDES: Self = 4;

        fn area(&self) -> u32 {
            self.pow(2)
        }
    }

    pub(crate) enum Choice {
        A,
        B,
    }

    impl Choice {
        pub(crate) fn is_a(&self) -> bool {
            matches!(self, Self::A)
        }
    }

    pub(crate) mod inner {
        pub(crate) fn pair<T: Clone>(value: &T) -> super::Pair<T> {
            (value.clone(), value.clone())
        }

        #[profile(skip)]
        pub(crate) mod skipped {
            pub(crate) fn constant() -> u32 {
                const fn three() -> u32 {
                    3
                }
                three()
            }
        }

        use ferret::profile;

        #[profile(name = "by hand", tags(n))]
        pub(crate) fn by_hand(n: u32) -> u32 {
            skipped::constant() + n
        }
    }

    #[profile(skip)]
    pub(crate) const fn constant(n: u32) -> u32 {
        n + 1
    }

    pub(crate) extern "C" fn callback(n: u32) -> u32 {
        n.saturating_add(1)
    }

    #[profile]
    pub(crate) extern "C" fn callback_by_hand(n: u32) -> u32 {
        callback(n)
    }

    unsafe extern "C" {
        fn abs(n: i32) -> i32;
    }
}

/// What else is called `profile`, imported into a recorded module.
pub(crate) mod other {
    pub(crate) mod profile {
        pub(crate) fn load() -> u32 {
            3
        }
    }

    pub(crate) mod functions {
        pub(crate) fn profile() -> u32 {
            4
        }
    }

    #[ferret::profile]
    pub(crate) mod imports_a_module {
        use super::profile;

        #[ferret::profile(name = "by path")]
        pub(crate) fn load() -> u32 {
            profile::load()
        }
    }

    #[ferret::profile]
    pub(crate) mod imports_a_function {
        use super::functions::profile;

        pub(crate) fn load() -> u32 {
            profile()
        }

        pub(crate) mod with_an_import_of_its_own {
            use super::super::imports_a_module;
            use ferret::profile;

            #[profile(skip)]
            pub(crate) fn load() -> u32 {
                imports_a_module::load()
            }
        }
    }

    #[ferret::profile]
    pub(crate) mod imports_both {
        use super::profile;
        use ferret::profile;

        #[profile(skip)]
        pub(crate) fn load() -> u32 {
            profile::load()
        }
    }

    #[ferret::profile]
    pub(crate) mod imports_for_another {
        use ferret::profile;

        const FIVE: u32 = 5;

        pub(crate) mod inner {
            use super::*;

            #[profile(stage)]
            pub(crate) fn load() -> u32 {
                FIVE
            }
        }
    }

    #[ferret::profile]
    pub(crate) mod imports_on_a_condition {
        #[cfg(any())]
        use ferret::profile;

        #[profile(stage)]
        pub(crate) fn load() -> u32 {
            6
        }
    }
}

#[test]
fn another_thing_called_profile_is_left_alone() {
    use other::{imports_a_function, imports_a_module, imports_both};
    assert_eq!((imports_a_module::load(), imports_a_function::load()), (3, 4));
    assert_eq!(
        (imports_a_function::with_an_import_of_its_own::load(), imports_both::load()),
        (3, 3)
    );
    assert_eq!(
        (other::imports_for_another::inner::load(), other::imports_on_a_condition::load()),
        (5, 6)
    );
}

#[test]
fn what_is_in_modules_does_what_it_would() {
    use everything::Area;
    let mut stack = everything::Stack::new();
    for n in 0..3 {
        assert_eq!(stack.push(n), Ok(n + 1));
    }
    assert_eq!(stack.push(4), Err(4));
    assert_eq!((stack.pop(), stack.len(), stack.to_string()), (Some(2), 2, "2 items".to_owned()));
    assert_eq!(futures::executor::block_on(stack.clone().all()), [0, 1]);
    assert_eq!((3.area(), 3.sides()), (9, 4));
    assert!(everything::Choice::A.is_a() && !everything::Choice::B.is_a());
    assert_eq!(everything::inner::pair(&3), (3, 3));
    assert_eq!(everything::inner::by_hand(1), 4);
    assert_eq!((everything::made_by_macro(), everything::callback_by_hand(1)), (5, 2));
    assert_eq!(everything::STATIC, 4);
}
