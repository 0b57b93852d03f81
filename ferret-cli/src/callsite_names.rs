//! What functions are called in a table: their names, with as much of the module and the line as
//! tells those of one name apart.

use std::collections::BTreeMap;

/// What tells a function from others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callsite<'a> {
    pub(crate) name: &'a str,
    pub(crate) module: &'a str,
    pub(crate) line: u32,
}

/// The names, in the order of the functions.
pub(crate) fn names(all: &[Callsite]) -> Vec<String> {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    let mut in_module: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for function in all {
        *named.entry(function.name).or_default() += 1;
        *in_module.entry((function.module, function.name)).or_default() += 1;
    }
    let name = |&Callsite { name, module, line }: &Callsite| {
        if module.is_empty() || named.get(name) == Some(&1) {
            return name.to_owned();
        }
        let is_alone = in_module.get(&(module, name)) == Some(&1);
        if is_alone { format!("{module}::{name}") } else { format!("{module}::{name}:{line}") }
    };
    all.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_what_tells_them_apart() {
        let callsite = |module, name, line| Callsite { name, module, line };
        let all = [
            callsite("a", "read", 1),
            callsite("b", "read", 1),
            callsite("b", "write", 1),
            callsite("b", "flush", 1),
            callsite("b", "flush", 9),
            callsite("", "flush", 3),
        ];
        let expect = ["a::read", "b::read", "write", "b::flush:1", "b::flush:9", "flush"];
        assert_eq!(names(&all), expect);
    }
}
