use ferret::profile;

#[profile]
struct Struct {
    field: u32,
}

#[profile]
pub enum Enum {}

#[profile]
union Union {
    field: u32,
}

#[profile]
const CONSTANT: u32 = 3;

#[profile]
use std::fmt;

#[profile]
type Alias = u32;

fn main() {}
