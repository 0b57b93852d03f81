use ferret::profile;

unsafe extern "C" {
    #[profile]
    fn abs(n: i32) -> i32;
}

#[profile]
unsafe extern "C" {
    fn labs(n: i64) -> i64;
}

trait Shape {
    #[profile]
    fn area(&self) -> u64;
}

#[profile]
trait Solid {
    #[profile(name = "volume")]
    fn volume(&self) -> u64;
}

fn main() {}
