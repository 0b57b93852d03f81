//! What a file of rules should not hold itself: taken from the environment, or from a file, when it is needed.

use std::fmt;
use std::path::PathBuf;

/// A text, or where it is to be found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// As it is written.
    Plain(String),
    /// In this variable.
    Env(String),
    /// In this file, but for the end of its last line.
    File(PathBuf),
}

/// It is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// There is no such variable, or its value is no text, or an empty one.
    #[error(
        "the environment has no {0}, or nothing in it: set it, or name another variable or a file"
    )]
    Env(String),
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// Nothing is in it.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
}

impl Secret {
    /// What it says now.
    ///
    /// # Errors
    ///
    /// The variable or file is not there.
    pub(crate) fn get(&self) -> Result<String, SecretError> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            // Neither that it is not there nor that it is no text tells more than that.
            Self::Env(name) => {
                let text = std::env::var(name).ok().filter(|text| !text.is_empty());
                text.ok_or_else(|| SecretError::Env(name.clone()))
            }
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| SecretError::File { path: path.clone(), source })?;
                let text = text.trim_end_matches(['\n', '\r']);
                if text.is_empty() {
                    return Err(SecretError::Empty(path.clone()));
                }
                Ok(text.to_owned())
            }
        }
    }
}

/// Never what it says: a written one may be a secret all the same.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(name) => write!(f, "Env({name})"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}
