//! How `CTranslate2` and whisper.cpp name the same tensors.

/// What a tensor of `CTranslate2` becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// One tensor of this name.
    One(String),
    /// Rows of equal number, each a tensor of these names: `CTranslate2` stacks query, key and value.
    Split(Vec<String>),
    /// Nothing: whisper.cpp has no such tensor.
    None,
}

/// What the tensor `name` becomes. A key has no bias in Whisper; `CTranslate2` writes one of zeros, which is dropped.
pub(super) fn target(name: &str) -> Target {
    let Some((side, rest)) = name.split_once('/') else { return Target::None };
    if side != "encoder" && side != "decoder" {
        return Target::None;
    }
    let fixed = match rest {
        "conv1/weight" | "conv1/bias" | "conv2/weight" | "conv2/bias" => rest.replace('/', "."),
        "embeddings/weight" => "token_embedding.weight".to_owned(),
        "position_encodings/encodings" => "positional_embedding".to_owned(),
        "layer_norm/gamma" | "layer_norm/beta" => {
            let norm = if side == "encoder" { "ln_post" } else { "ln" };
            format!("{norm}.{}", norm_part(rest))
        }
        _ => return in_layer(side, rest),
    };
    Target::One(format!("{side}.{fixed}"))
}

/// A tensor in `layer_<i>/…`.
fn in_layer(side: &str, rest: &str) -> Target {
    let Some((layer, rest)) = rest.strip_prefix("layer_").and_then(|r| r.split_once('/')) else {
        return Target::None;
    };
    let block = format!("{side}.blocks.{layer}");
    let Some((group, rest)) = rest.split_once('/') else { return Target::None };
    let Some((part, which)) = rest.split_once('/') else { return Target::None };
    if part == "layer_norm" {
        let norm = match group {
            "self_attention" => "attn_ln",
            "attention" => "cross_attn_ln",
            _ => "mlp_ln",
        };
        return Target::One(format!("{block}.{norm}.{}", norm_part(rest)));
    }
    if which != "weight" && which != "bias" {
        return Target::None;
    }
    let split = |attention: &str, parts: &[&str]| {
        Target::Split(parts.iter().map(|p| format!("{block}.{attention}.{p}.{which}")).collect())
    };
    let one = |to: &str| Target::One(format!("{block}.{to}.{which}"));
    match (group, part) {
        ("self_attention", "linear_0") => split("attn", &["query", "key", "value"]),
        ("self_attention", "linear_1") => one("attn.out"),
        ("attention", "linear_0") => one("cross_attn.query"),
        ("attention", "linear_1") => split("cross_attn", &["key", "value"]),
        ("attention", "linear_2") => one("cross_attn.out"),
        ("ffn", "linear_0") => one("mlp.0"),
        ("ffn", "linear_1") => one("mlp.2"),
        _ => Target::None,
    }
}

fn norm_part(name: &str) -> &'static str {
    if name.ends_with("gamma") { "weight" } else { "bias" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(from: &str, to: &str) {
        assert_eq!(target(from), Target::One(to.to_owned()));
    }

    #[test]
    fn tensors_outside_the_layers_have_fixed_names() {
        one("encoder/conv1/bias", "encoder.conv1.bias");
        one("encoder/layer_norm/gamma", "encoder.ln_post.weight");
        one("decoder/layer_norm/beta", "decoder.ln.bias");
        one("decoder/embeddings/weight", "decoder.token_embedding.weight");
        one("decoder/position_encodings/encodings", "decoder.positional_embedding");
    }

    #[test]
    fn tensors_of_layers_keep_their_layer() {
        one("encoder/layer_3/self_attention/layer_norm/beta", "encoder.blocks.3.attn_ln.bias");
        one("decoder/layer_0/attention/linear_2/weight", "decoder.blocks.0.cross_attn.out.weight");
        one("decoder/layer_11/ffn/layer_norm/gamma", "decoder.blocks.11.mlp_ln.weight");
        one("encoder/layer_1/ffn/linear_1/bias", "encoder.blocks.1.mlp.2.bias");
    }

    #[test]
    fn stacked_attention_is_split() {
        let parts = |names: [&str; 3]| {
            Target::Split(
                names.iter().map(|n| format!("encoder.blocks.2.attn.{n}.weight")).collect(),
            )
        };
        assert_eq!(
            target("encoder/layer_2/self_attention/linear_0/weight"),
            parts(["query", "key", "value"])
        );
    }

    #[test]
    fn what_whisper_cpp_does_not_have_is_dropped() {
        for name in [
            "decoder/scale_embeddings",
            "encoder/num_heads",
            "config",
            "decoder/layer_0/attention/linear_1/weight_scale",
        ] {
            assert_eq!(target(name), Target::None, "{name}");
        }
    }
}
