use ferret::profile;

#[profile(tags)]
fn no_list() {}

#[profile(tags(n + 1))]
fn no_key(n: u32) {}

#[profile(tags(n, n = 3))]
fn twice(n: u32) {}

#[profile(tags("" = 3))]
fn empty_key() {}

fn main() {}
