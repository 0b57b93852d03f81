//! What `tracing` tells: the layer allocates, and none of that is the host's.

use super::record;
use ferret::profile;
use ferret::projections::FunctionHeap;
use tracing::subscriber::with_default;
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry;

#[test]
fn what_the_layer_allocates_is_nobodys() {
    #[profile]
    fn work() {
        for n in 0..1_000 {
            let _outer = info_span!("outer", n).entered();
            info_span!("inner", text = "text").in_scope(|| info!(n, "message {}", n % 10));
        }
    }
    let seen = record(|| with_default(registry().with(ferret::tracing_layer()), work));
    assert_eq!(seen.of("outer"), FunctionHeap::default());
    assert_eq!(seen.of("inner"), FunctionHeap::default());
    // The registry's own, when it is first used on a thread: nothing for each span.
    assert!(seen.of("work").own.count < 100, "{:?}", seen.of("work").own);
}
