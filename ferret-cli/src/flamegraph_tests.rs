//! What stands where in the picture.

use super::*;

fn node(name: &str, self_ns: u64, children: Vec<Node>) -> Node {
    Node { name: name.to_owned(), self_ns, children, ..Node::default() }
}

/// The frames as (name, depth, x, width), in percent.
fn frames(svg: &str) -> Vec<(String, usize, u64, u64)> {
    let field = |line: &str, name: &str| {
        let value = line.split_once(&format!("data-{name}=\"")).unwrap().1;
        value.split_once('"').unwrap().0.to_owned()
    };
    let percent = |text: String| (text.parse::<f64>().unwrap() * 100.0).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let frame = |line: &str| {
        let depth = field(line, "d").parse().unwrap();
        let (x, width) = (percent(field(line, "x")) as u64, percent(field(line, "w")) as u64);
        (field(line, "n"), depth, x, width)
    };
    svg.lines().filter(|line| line.starts_with("<g ")).map(frame).collect()
}

fn svg(roots: Vec<Node>) -> String {
    Flamegraph { title: "a run".to_owned(), subtitle: "all of it".to_owned(), roots }.svg()
}

/// Every element is closed by the one that was opened last, and nothing stands raw in an attribute.
fn check_nesting(svg: &str) {
    let (body, _) = svg.split_once("<script>").unwrap();
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(1).map(|piece| piece.split_once('>').unwrap().0) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') || tag.starts_with('?') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, ["svg"]);
}

#[test]
fn a_frame_is_as_wide_as_it_and_what_it_called_took_by_itself() {
    let load = node("load", 200, vec![node("read", 300, vec![]), node("parse", 100, vec![])]);
    let svg = svg(vec![load, node("save", 400, vec![])]);
    check_nesting(&svg);
    let expect = [
        ("all", 0, 0, 100),
        ("load", 1, 0, 60),
        ("read", 2, 0, 30),
        ("parse", 2, 30, 10),
        ("save", 1, 60, 40),
    ];
    assert_eq!(
        frames(&svg),
        expect.map(|(name, depth, x, width)| (name.to_owned(), depth, x, width))
    );
    assert!(svg.contains("load: 600 ns, 60.0 %; by itself 200 ns"), "{svg}");
}

#[test]
fn names_of_any_letters_make_no_xml() {
    let name = "<Foo<'a> as \"Bar\">::baz & \u{1b}[31m\u{ffff}音声";
    let svg = svg(vec![node(name, 5, vec![])]);
    check_nesting(&svg);
    let escaped = "&lt;Foo&lt;'a&gt; as &quot;Bar&quot;&gt;::baz &amp; \u{fffd}[31m\u{fffd}音声";
    assert!(svg.contains(escaped), "{svg}");
    assert!(!svg.contains('\u{1b}'));
}

#[test]
fn what_is_too_narrow_is_left_out_and_counted() {
    let svg = svg(vec![node("long", 1_000_000, vec![]), node("short", 1, vec![])]);
    assert_eq!(frames(&svg).len(), 2);
    assert!(svg.contains("too narrow to be seen: 1"), "{svg}");
}

#[test]
fn no_time_at_all_and_too_much_of_it_are_pictures_too() {
    check_nesting(&svg(Vec::new()));
    check_nesting(&svg(vec![node("nothing", 0, vec![])]));
    let much = svg(vec![node("a", u64::MAX, vec![node("b", u64::MAX, vec![])])]);
    check_nesting(&much);
    let deep = (0..128).fold(node("leaf", 9, vec![]), |child, _| node("level", 0, vec![child]));
    assert_eq!(frames(&svg(vec![deep])).len(), 130);
}

#[test]
fn what_is_open_has_a_colour_of_its_own() {
    assert_eq!(colour("a", false), colour("a", false));
    assert_ne!(colour("a", false), colour("a", true));
}
