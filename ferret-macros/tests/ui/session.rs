//! A session that nobody keeps ends its recording at once.
#![deny(unused_must_use)]

fn main() -> Result<(), ferret::StartError> {
    ferret::start("run.redb")?;
    ferret::Options::new("run.redb").start()?;
    Ok(())
}
