//! A live run on the screen, beside the one of the same name before it.

use ferret_tests::{Place, Terminal, example, ferret, output, until};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

#[test]
fn a_stage_is_told_beside_the_last_good_run() {
    let place = Place::new();
    let load = |seconds: &str| {
        let mut program = example("load");
        program.args([seconds, "300"]).env("FERRET_LOG", &place.log);
        program
    };
    assert_eq!(output(&mut load("1")).code, Some(0));
    let before = fs::metadata(&place.log).unwrap().ino();
    let mut again = load("60").stdout(Stdio::null()).spawn().unwrap();
    until("its log", || fs::metadata(&place.log).ok().filter(|log| log.ino() != before).map(drop));
    let mut screen = Terminal::start(ferret().arg("watch").arg(&place.log));
    screen.press("3");
    screen.see("that it takes longer now", |screen| {
        let row = screen.lines().find(|line| line.contains("serve"))?;
        row.contains("× slower").then_some(())
    });
    let once = ferret_tests::json(ferret().args(["watch", "--once", "--json"]).arg(&place.log));
    let then = &once["last_good"]["stages"][0];
    assert_eq!((&then["name"], &then["differs"]), (&"serve".into(), &true.into()), "{then}");
    let page = output(ferret().args(["watch", "--once"]).arg(&place.log)).stdout;
    assert!(page.contains("Compared with the last good run, of "), "{page}");
    again.kill().unwrap();
    again.wait().unwrap();
}
