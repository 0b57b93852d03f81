//! Who is used to rules in YAML writes these so, too: what a reader of TOML says of that helps nobody.

use std::path::Path;
use toml::de::DeTable;

/// Whether a file that cannot be read as TOML is meant as YAML.
pub(in crate::alert) fn is_yaml(path: &Path, text: &str) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_called_so = matches!(extension, Some("yaml" | "yml"));
    (is_called_so || looks_like_it(text)) && DeTable::parse(text).is_err()
}

/// Whether the first line that says something is as in YAML.
fn looks_like_it(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let first = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        let key =
            line.split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with(' '));
        let is_word = |c: char| c.is_alphanumeric() || "_-".contains(c);
        line == "---"
            || line.starts_with("- ")
            || key.is_some_and(|(key, _)| key.chars().all(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expect: bool) {
        assert_eq!(is_yaml(Path::new(path), text), expect, "{path}: {text}");
    }

    #[test]
    fn yaml_is_known_by_its_name_or_its_looks_where_it_is_no_toml() {
        let rule = "[[rule]]\nname = \"x\"\n";
        check("rules.yaml", "- alert: x\n", true);
        check("rules.yml", "{ alert: x }\n", true);
        check("rules.toml", "# ours\n\ngroups:\n- name: x\n", true);
        check("rules.toml", "---\nrules: []\n", true);
        check("rules.toml", "rule: 3\n", true);
        check("rules.yaml", rule, false);
        check("rules.toml", &format!("{rule}when = 3 3\n"), false);
        check("rules.toml", "name = \"a: b\n", false);
        check("rules.toml", "", false);
    }
}
