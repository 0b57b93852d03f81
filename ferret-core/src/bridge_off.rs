//! Feature `off`: a layer that takes no notice of anything.

use tracing_core::Subscriber;
use tracing_subscriber::layer::Layer;

/// Records nothing: the program was built with feature `off`.
#[derive(Debug, Default)]
pub struct TracingLayer(());

/// A layer that does nothing.
pub fn tracing_layer() -> TracingLayer {
    TracingLayer(())
}

impl<S: Subscriber> Layer<S> for TracingLayer {}
