//! `ferret run --split`, in a real tmux: `watch` opens beside the command.

use ferret_tests::{Place, example, ferret, until};
use std::process::{Command, Stdio};

/// A tmux server of its own, ended when dropped.
struct Tmux {
    socket: String,
}

impl Tmux {
    fn start(command: &Command) -> Self {
        let server = Self { socket: format!("ferret-tests-{}", std::process::id()) };
        let size = ["-x", "200", "-y", "50"];
        let started = server
            .command(&["-f", "/dev/null", "new-session", "-d"])
            .args(size)
            .arg("--")
            .arg(command.get_program())
            .args(command.get_args())
            .status()
            .expect("tmux is there: tests/run.sh installs it");
        assert!(started.success());
        server
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-L", &self.socket]).args(args);
        // A tmux that these tests are run in is none of their business.
        tmux.env_remove("TMUX").stdin(Stdio::null());
        tmux
    }

    fn ask(&self, args: &[&str]) -> String {
        let answer = self.command(args).output().expect("tmux runs");
        String::from_utf8(answer.stdout).expect("tmux answers in UTF-8")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // It is gone already if its last pane has closed.
        self.command(&["kill-server"]).status().ok();
    }
}

#[test]
fn watch_opens_in_a_pane_beside_the_command() {
    let place = Place::new();
    let stuck = example("stuck");
    let mut run = ferret();
    run.args(["run", "--split", "--log"]).arg(&place.log).arg("--").arg(stuck.get_program());
    let tmux = Tmux::start(&run);
    let screen = |pane: &str| tmux.ask(&["capture-pane", "-p", "-t", pane]);
    until("the command's own pane", || screen(":0.0").contains("ready").then_some(()));
    until("a second pane", || (tmux.ask(&["list-panes"]).lines().count() == 2).then_some(()));
    let active = tmux.ask(&["display-message", "-p", "#{pane_index}"]);
    assert_eq!(active.trim(), "0", "typing still goes to the command");

    tmux.ask(&["send-keys", "-t", ":0.0", "get stuck", "Enter"]);
    until("the open span beside it", || screen(":0.1").contains("wait_for_a_word").then_some(()));
}
