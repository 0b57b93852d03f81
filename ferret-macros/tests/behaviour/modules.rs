//! `#[profile]` on a module, and what is left out of blocks and modules.

use crate::script::check;
use ferret::profile;
use futures::executor::block_on;

#[profile]
mod work {
    use async_trait::async_trait;

    pub(crate) const START: u32 = double(4);

    pub(crate) fn all() -> u32 {
        let mut counter = Counter { count: START, name: String::new() };
        counter.add(inner::one());
        counter.rename("x");
        counter.by_hand();
        skipped();
        handler(3);
        let rest = counter.name().len() + counter.name.len() + counter.again();
        counter.count() + u32::try_from(rest).unwrap()
    }

    const fn double(n: u32) -> u32 {
        n * 2
    }

    #[ferret::profile(skip)]
    fn skipped() {
        inner::one();
    }

    extern "C" fn handler(n: u32) -> u32 {
        n.pow(2)
    }

    pub(crate) struct Counter {
        count: u32,
        name: String,
    }

    impl Counter {
        fn add(&mut self, n: u32) {
            for _ in 0..n {
                self.count += 1;
            }
        }

        fn count(&self) -> u32 {
            self.count
        }

        fn name(&self) -> &str {
            self.name.as_str()
        }

        fn rename(&mut self, name: &str) {
            name.clone_into(&mut self.name);
        }

        #[profile(name = "by hand")]
        fn by_hand(&self) -> u32 {
            self.count
        }
    }

    trait Again {
        fn again(&self) -> usize {
            [1, 2].len()
        }
    }

    impl Again for Counter {}

    #[profile(skip)]
    impl Drop for Counter {
        fn drop(&mut self) {
            self.add(1);
        }
    }

    mod inner {
        pub(super) fn one() -> u32 {
            u32::from(true)
        }

        #[cfg(test)]
        #[expect(dead_code, reason = "it only has to stay as it is")]
        mod tests {
            fn helper() {}
        }
    }

    #[async_trait]
    pub(crate) trait Later {
        async fn later(&self) -> Option<u32>;
    }

    #[async_trait]
    impl Later for u32 {
        #[profile(none)]
        async fn later(&self) -> Option<u32> {
            self.checked_sub(1)
        }
    }

    #[test]
    fn tests_are_left_alone() {
        crate::script::check(|| assert_eq!(double(2), 4), "");
    }
}

#[test]
fn everything_in_a_module_is_recorded_but_what_is_small_or_says_otherwise() {
    check(
        || {
            assert_eq!(work::all(), 13);
            block_on(work::Later::later(&0));
        },
        "
        all
          one
          one: ok
          Counter::add
          Counter::add: ok
          Counter::rename
          Counter::rename: ok
          by hand
          by hand: ok
          one
          one: ok
          Again::again
          Again::again: ok
          Counter::add
          Counter::add: ok
        all: ok
        async u32::later
        enter u32::later
        exit u32::later
        u32::later: err
        ",
    );
}
