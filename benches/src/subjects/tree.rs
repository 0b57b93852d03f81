//! The program of `million`: eight functions, three deep, each in the wrapping of a library.
//! `a` calls `b1` and `b2`, these call `c1` to `c5`.

/// Spans that one call of `a` makes.
pub(crate) const SPANS_A_TREE: u64 = 8;

/// The body of everything.
#[inline(always)]
pub(super) fn step(x: u64) -> u64 {
    x.rotate_left(7) ^ 0x9e37
}

#[inline(never)]
pub(super) fn bare(x: u64) -> u64 {
    step(x)
}

/// `tree!(module, [attributes] {statements});`: a module with the eight functions, each with the
/// attributes, each beginning with the statements.
macro_rules! tree {
    ($module:ident, [$($wrap:tt)*] {$($enter:tt)*}) => {
        pub(super) mod $module {
            use $crate::subjects::tree::step;
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} a b1 b2);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} b1 c1 c2);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} b2 c3 c4 c5);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} c1);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} c2);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} c3);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} c4);
            $crate::subjects::tree::node!([$($wrap)*] {$($enter)*} c5);
        }
    };
}

/// One function of a tree, and those it calls.
macro_rules! node {
    ([$($wrap:tt)*] {$($enter:tt)*} $name:ident $($child:ident)*) => {
        #[inline(never)]
        $($wrap)*
        pub(in crate::subjects) fn $name(x: u64) -> u64 {
            $($enter)*
            let x = step(x);
            $(let x = $child(x);)*
            x
        }
    };
}

pub(super) use {node, tree};

tree!(bare_tree, [] {});
