//! The token: what everybody must show who asks, where it is needed.

use anyhow::{Context as _, bail};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use subtle::ConstantTimeEq as _;

/// Shorter ones could be guessed.
const SHORTEST: usize = 16;
const LONGEST: usize = 1_024;
/// Others than its owner may read or write it.
const OTHERS: u32 = 0o006;

/// A secret. It is shown nowhere.
pub(crate) struct Token(Vec<u8>);

impl Token {
    /// Reads it from a file, less the end of its line.
    ///
    /// # Errors
    ///
    /// It cannot be read, everybody can read it, or it is none.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| {
            format!("opening the token file {name}: make one with  openssl rand -hex 32 > {name}; chmod 600 {name}")
        })?;
        let metadata = file.metadata().with_context(|| format!("looking at {name}"))?;
        if metadata.is_dir() {
            bail!("{name} is a folder: name the file that has the token");
        }
        if metadata.permissions().mode() & OTHERS != 0 {
            bail!(
                "everybody on this machine can read or write the token in {name}: chmod 600 {name}, and take a new token"
            );
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(LONGEST + 2).unwrap_or(u64::MAX);
        file.take(most).read_to_end(&mut bytes).with_context(|| format!("reading {name}"))?;
        Self::of(&bytes).with_context(|| format!("the token in {name}"))
    }

    fn of(bytes: &[u8]) -> anyhow::Result<Self> {
        let token = bytes.trim_ascii_end();
        if token.is_empty() {
            bail!("is empty: write {SHORTEST} or more random characters into it");
        }
        if token.len() < SHORTEST {
            bail!("has {} bytes, and can be guessed: take {SHORTEST} or more", token.len());
        }
        if token.len() > LONGEST {
            bail!("is longer than {LONGEST} bytes: take a shorter one");
        }
        if !token.iter().all(u8::is_ascii_graphic) {
            bail!("has blanks or other bytes that no header can hold: take letters and digits");
        }
        Ok(Self(token.to_owned()))
    }

    /// Whether this is it. How long that takes says no more than whether the length is right.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        self.0.ct_eq(shown).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    const GOOD: &str = "0123456789abcdef";

    fn read(text: &str, mode: u32) -> anyhow::Result<Token> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Token::read(&path)
    }

    #[track_caller]
    fn check_refused(text: &str, mode: u32, expect: &str) {
        let refused = crate::exit::sentence(&read(text, mode).unwrap_err());
        assert!(refused.contains(expect), "{refused}");
    }

    #[test]
    fn a_token_is_a_line_that_only_its_owner_can_read() {
        let token = read(&format!("{GOOD}\r\n"), 0o600).unwrap();
        assert!(token.is(GOOD.as_bytes()));
        for other in ["", "0123456789abcde", "0123456789abcdeg", "0123456789abcdef0"] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        check_refused("", 0o600, "is empty");
        check_refused("\n", 0o600, "is empty");
        check_refused("hunter2\n", 0o600, "has 7 bytes, and can be guessed");
        check_refused(&"a".repeat(2_000), 0o600, "longer than 1024 bytes");
        check_refused("0123456789 abcdef", 0o600, "no header can hold");
        check_refused(GOOD, 0o644, "chmod 600");
        check_refused(GOOD, 0o602, "chmod 600");
        let missing = Token::read(Path::new("/nowhere/token")).unwrap_err();
        assert!(missing.to_string().contains("openssl rand -hex 32"), "{missing}");
        let folder = Token::read(&std::env::temp_dir()).unwrap_err();
        assert!(folder.to_string().contains("is a folder"), "{folder}");
    }
}
