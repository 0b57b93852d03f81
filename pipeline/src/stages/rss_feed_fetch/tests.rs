//! What the stage promises of feeds, on feeds written out here.

use super::*;

const ITEM: &str = r#"<item><title>One &amp; only</title><guid>g-1</guid>
    <description>&lt;p&gt;With &lt;b&gt;Ada&lt;/b&gt;&lt;/p&gt;</description>
    <pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>
    <enclosure url="audio/a%20b.wav" length="12" type="audio/wav"/></item>"#;

fn rss(items: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>
        <title>Talks</title><description>About things</description><itunes:author>Grace Hill</itunes:author>
        {items}</channel></rss>"#
    )
}

fn from_disk(text: &str) -> Fetched {
    parse_feed(text.as_bytes(), "/pod/feed.xml", "file:///pod/feed.xml", Origin::Disk).unwrap()
}

fn from_network(text: &str) -> Fetched {
    let url = "http://example.org/feed.xml";
    parse_feed(text.as_bytes(), url, url, Origin::Network).unwrap()
}

#[test]
fn an_item_becomes_an_episode_with_its_metadata_as_plain_text() {
    let feed = from_disk(&rss(ITEM)).feed;
    let episode = &feed.episodes[0];
    assert_eq!((feed.title.as_str(), episode.title.as_str()), ("Talks", "One & only"));
    assert_eq!(episode.description, "With Ada");
    assert_eq!(episode.published, Some("2026-11-02T10:00:00Z".parse().unwrap()));
    let grace = Credit { name: "Grace Hill".into(), role: "author".into(), of_episode: false };
    assert_eq!(episode.credits, [grace]);
}

#[test]
fn a_relative_enclosure_is_beside_the_feed() {
    let place = |fetched: Fetched| fetched.feed.episodes[0].enclosure.place.clone();
    assert_eq!(place(from_disk(&rss(ITEM))), Place::File("/pod/audio/a b.wav".into()));
    assert_eq!(
        place(from_network(&rss(ITEM))),
        Place::Url("http://example.org/audio/a%20b.wav".into())
    );
}

#[test]
fn a_feed_from_the_network_cannot_name_files_of_this_machine() {
    let item = r#"<item><title>T</title><guid>g</guid><enclosure url="file:///etc/passwd" type="audio/wav"/></item>"#;
    let fetched = from_network(&rss(item));
    assert!(fetched.feed.episodes.is_empty());
    assert!(fetched.left_out[0].contains("not http"), "{:?}", fetched.left_out);
}

#[test]
fn an_item_without_audio_is_left_out_and_said_so() {
    let fetched = from_disk(&rss("<item><title>Words only</title><guid>g</guid></item>"));
    assert_eq!(fetched.feed.episodes.len(), 0);
    assert!(fetched.left_out[0].contains("Words only"), "{:?}", fetched.left_out);
}

#[test]
fn an_item_without_a_guid_is_the_same_episode_at_every_run() {
    let item = rss(r#"<item><title>T</title><enclosure url="a.mp3" type="audio/mpeg"/></item>"#);
    assert_eq!(from_disk(&item).feed.episodes[0].id, from_disk(&item).feed.episodes[0].id);
}

#[test]
fn an_atom_feed_has_its_audio_in_links() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>Talks</title><updated>2026-11-02T10:00:00Z</updated>
        <entry><id>e</id><title>One</title><updated>2026-11-02T10:00:00Z</updated>
        <link rel="enclosure" type="audio/mpeg" href="http://example.org/a.mp3"/></entry></feed>"#;
    let feed = from_network(atom).feed;
    assert_eq!(feed.episodes[0].enclosure.place, Place::Url("http://example.org/a.mp3".into()));
}

#[test]
fn what_is_no_feed_is_refused_with_what_would_do() {
    for wrong in ["", "hello", "<html><body/></html>", "<rss><channel><item>"] {
        let said =
            parse_feed(wrong.as_bytes(), "x.xml", "file:///x.xml", Origin::Disk).unwrap_err();
        assert!(said.to_string().contains("RSS or Atom"), "{wrong}: {said}");
    }
}

#[test]
fn episodes_come_newest_first() {
    let older = ITEM.replace("g-1", "g-0").replace("02 Nov", "01 Nov").replace("Mon", "Sun");
    let feed = from_disk(&rss(&format!("{older}{ITEM}"))).feed;
    assert_eq!(feed.episodes.iter().map(|e| e.guid.as_str()).collect::<Vec<_>>(), ["g-1", "g-0"]);
}
