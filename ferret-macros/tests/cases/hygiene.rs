//! The generated code depends on no name that the program can change.

mod shadowed {
    #![expect(dead_code, unused_macros, non_camel_case_types, reason = "only to be in the way")]

    pub(crate) struct Option;
    pub(crate) struct Result;
    pub(crate) struct Ok;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Err;
    pub(crate) struct String;
    pub(crate) struct str;
    pub(crate) struct bool;
    pub(crate) struct u32;
    pub(crate) struct f64;
    pub(crate) struct Names;
    pub(crate) struct TaskSpan;
    pub(crate) enum Under {}
    pub(crate) trait Drop {}
    pub(crate) trait Fn {}
    pub(crate) trait FnOnce {}
    pub(crate) trait Future {}
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod ferret {}
    pub(crate) fn drop() {}
    pub(crate) fn enter() {}
    pub(crate) fn number() {}
    pub(crate) fn recording() {}

    macro_rules! line {
        () => {
            compile_error!("the program's own")
        };
    }
    macro_rules! stringify {
        () => {
            compile_error!("the program's own")
        };
    }
    macro_rules! tag {
        () => {
            compile_error!("the program's own")
        };
    }
    macro_rules! module_path {
        () => {
            compile_error!("the program's own")
        };
    }

    #[::ferret::profile(stage, tags(n, "key" = %n, debug = ?n))]
    pub(crate) fn call(n: i32) -> i32 {
        let __ferret_span = n;
        let __ferret_result = __ferret_span;
        if __ferret_result > 0 {
            return __ferret_result;
        }
        0
    }

    #[::ferret::profile(tags(n))]
    pub(crate) async fn future(n: i32) -> i32 {
        let __ferret_type = n;
        __ferret_type.abs()
    }

    #[::ferret::profile(name = __ferret_names, err, tags(CALLSITE, NAMES))]
    pub(crate) fn named(__ferret_names: i32) -> ::std::result::Result<(), &'static super::Text> {
        ::std::result::Result::Err("error")
    }

    const CALLSITE: i32 = 3;
    const NAMES: i32 = 4;

    #[::ferret::profile(name = NAMES, none)]
    pub(crate) fn opaque(
        n: i32,
    ) -> impl ::std::future::Future<Output = ::std::option::Option<i32>> {
        let __ferret_callsite = n;
        ::std::future::ready(::std::option::Option::Some(__ferret_callsite))
    }

    type Text = ::std::primitive::str;

    #[::ferret::profile(err(Debug))]
    pub(crate) fn boxed<'a>(
        __ferret_result: &'a Text,
    ) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = super::Found<'a>> + 'a>>
    {
        if __ferret_result.is_empty() {
            return ::std::boxed::Box::pin(::std::future::ready(super::Found::Err(3)));
        }
        ::std::boxed::Box::pin(async move { super::Found::Ok(__ferret_result) })
    }

    #[::ferret::profile]
    pub(crate) mod module {
        pub(crate) struct Box;

        impl Box {
            pub(crate) fn pin(n: i32) -> ::std::option::Option<i32> {
                let _span = ::ferret::span!(name = n, n);
                n.checked_add(super::NAMES)
            }
        }
    }

    pub(crate) fn block(n: i32) -> i32 {
        let span = n;
        let _span = ::ferret::span!(name = NAMES + CALLSITE, n);
        let _span = ::ferret::span!("block", n, "key" = %span, debug = ?n,);
        ::ferret::tag!(span);
        ::ferret::mark!("here");
        let names = span;
        let callsite = names;
        ::ferret::counter!(callsite, callsite);
        ::ferret::gauge!("names", names);
        ::ferret::progress(3, 10);
        span
    }

    pub(crate) async fn task(n: i32) -> ::std::result::Result<i32, ::std::string::String> {
        use ::ferret::Instrument as _;

        let task = n;
        let key = &::ferret::current_span();
        let span = ::ferret::task!("task", task, key = %task, "debug" = ?task);
        let under = ::ferret::task!(parent: key, "under it", task, key = task,);
        let alone = ::ferret::task!(parent: None, "alone", task);
        let three = async { task }.instrument(span).await;
        let four = async { three + 1 }.instrument(under).in_current_span().await;
        async { super::Counted::Ok(four) }.try_instrument(alone).await
    }
}

type Text = str;
type Found<'a> = Result<&'a str, u8>;
type Counted = Result<i32, String>;

mod without_prelude {
    #![no_implicit_prelude]

    #[::ferret::profile(name = n, err(Debug), tags(n))]
    pub(crate) fn boxed(
        n: i32,
    ) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = super::Found<'static>>>>
    {
        ::std::boxed::Box::pin(async move {
            if n > 3 {
                return super::Found::Err(4);
            }
            super::Found::Ok("3")
        })
    }

    #[::ferret::profile(none)]
    pub(crate) fn opaque(
        n: i32,
    ) -> impl ::std::future::Future<Output = ::std::option::Option<i32>> {
        ::std::future::ready(::std::option::Option::Some(n))
    }

    #[::ferret::profile(stage, tags(n, key = %n, debug = ?n))]
    pub(crate) fn call(n: i32) -> ::std::result::Result<i32, ::std::string::String> {
        if n > 0 {
            return ::std::result::Result::Ok(n);
        }
        ::std::result::Result::Err(::std::string::String::new())
    }

    #[::ferret::profile]
    pub(crate) async fn future(n: i32) -> impl ::std::fmt::Display {
        n
    }

    pub(crate) fn block(n: i32) -> i32 {
        let _span = ::ferret::span!("block", n, key = %n, debug = ?n);
        let _span = ::ferret::span!(name = n, n, key = %n, debug = ?n);
        ::ferret::tag!(n);
        ::ferret::mark!("here");
        ::ferret::counter!(n, n);
        ::ferret::gauge!("n", n);
        ::ferret::progress(3, 10);
        n
    }

    pub(crate) async fn task(n: i32) -> super::Counted {
        use ::ferret::Instrument as _;

        let here = ::ferret::current_span();
        let span = ::ferret::task!("task", n, key = %n, debug = ?n);
        let under = ::ferret::task!(parent: &here, "under it", n, key = n);
        let alone = ::ferret::task!(parent: None, "alone", n);
        let n = async { n }.instrument(span).in_current_span().await;
        let n = async { n + 1 }.instrument(under).in_span(here).await;
        async { super::Counted::Ok(n) }.try_instrument(alone).await
    }
}

mod renamed {
    pub(crate) mod vendored {
        pub(crate) use ::ferret as weasel;
    }

    #[vendored::weasel::profile(crate = vendored::weasel, tags(n))]
    pub(crate) fn call(n: i32) -> i32 {
        n
    }

    #[vendored::weasel::profile(crate = vendored::weasel, name = n, err)]
    pub(crate) fn opaque(n: i32) -> impl std::future::Future<Output = Result<i32, String>> {
        std::future::ready(Ok(n))
    }

    #[vendored::weasel::profile(crate = crate::cases::hygiene::renamed::vendored::weasel)]
    pub(crate) mod module {
        #[super::vendored::weasel::profile(err, name = n)]
        pub(crate) async fn future(n: i32) -> Result<i32, String> {
            Ok(n)
        }
    }

    pub(crate) struct Type;

    #[vendored::weasel::profile(crate = crate::cases::hygiene::renamed::vendored::weasel)]
    impl Type {
        pub(crate) async fn future(n: i32) -> Result<i32, ()> {
            std::future::ready(()).await;
            Ok(n)
        }
    }
}

#[test]
fn shadowed_names_are_not_touched() {
    assert_eq!(shadowed::call(3), 3);
    assert_eq!(futures::executor::block_on(shadowed::future(3)), 3);
    assert_eq!(shadowed::named(3), Err("error"));
    assert_eq!(futures::executor::block_on(shadowed::opaque(3)), Some(3));
    assert_eq!(futures::executor::block_on(shadowed::boxed("")), Err(3));
    assert_eq!(futures::executor::block_on(shadowed::boxed("a")), Ok("a"));
    assert_eq!(shadowed::module::Box::pin(3), Some(7));
    assert_eq!(shadowed::block(3), 3);
    assert_eq!(futures::executor::block_on(shadowed::task(3)), Ok(4));
}

#[test]
fn no_prelude_is_needed() {
    assert_eq!(without_prelude::call(3), Ok(3));
    assert_eq!(futures::executor::block_on(without_prelude::future(3)).to_string(), "3");
    assert_eq!(without_prelude::block(3), 3);
    assert_eq!(futures::executor::block_on(without_prelude::task(3)), Ok(4));
    assert_eq!(futures::executor::block_on(without_prelude::boxed(3)), Ok("3"));
    assert_eq!(futures::executor::block_on(without_prelude::opaque(3)), Some(3));
}

#[test]
fn ferret_may_have_another_name() {
    assert_eq!(renamed::call(3), 3);
    assert_eq!(futures::executor::block_on(renamed::opaque(3)), Ok(3));
    assert_eq!(futures::executor::block_on(renamed::module::future(3)), Ok(3));
    assert_eq!(futures::executor::block_on(renamed::Type::future(3)), Ok(3));
}
