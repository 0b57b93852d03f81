//! The log as a whole: what a writer wrote is what readers read, whatever happens in between.

mod round_trip;
