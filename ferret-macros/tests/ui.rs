//! What the compiler says where `#[profile]` does not apply, or the body is wrong.
//!
//! `TRYBUILD=overwrite cargo test -p ferret-macros --test ui` writes the messages anew.

#[test]
fn messages_are_clear_and_point_at_the_mistake() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
