use ferret::profile;

#[profile(nmae = "typo")]
fn unknown() {}

#[profile(stage, name = "twice", stage)]
fn twice() {}

#[profile(name)]
fn name_without_value() {}

#[profile(name("decode"))]
fn name_in_parentheses() {}

#[profile(name = )]
fn name_left_out() {}

#[profile(name = 3)]
fn name_is_a_number() {}

#[profile(err(Pretty))]
fn err_by_nothing_known() -> Result<(), u32> {
    Ok(())
}

#[profile(err, none)]
fn err_and_none() -> Result<(), u32> {
    Ok(())
}

#[profile(name = " ")]
fn name_is_empty() {}

#[profile("decode")]
fn name_alone() {}

#[profile(skip, stage)]
fn skipped_stage() {}

#[profile(name = "a" stage)]
fn no_comma() {}

#[profile(crate = "ferret")]
fn crate_is_a_string() {}

#[profile]
#[profile(stage)]
fn profiled_twice() {}

fn main() {
    // The functions are still there: one mistake, one message.
    unknown();
    twice();
}
