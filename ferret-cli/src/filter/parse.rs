//! From text to an expression.

use super::{Expression, Field, Kind, Op, parse_value};

/// No expression is nested deeper: a person's never is, and recursion must end.
const MAX_DEPTH: usize = 64;

/// Why a filter could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    /// There is no such field.
    #[error("there is no field {0:?}: write one of {fields}, or quote a name that has such a sign in it", fields = fields())]
    Field(String),
    /// The value is not one of its field.
    #[error("{value:?} is no value of {field}: write it like {field} > {example}")]
    Value { field: &'static str, value: String, example: &'static str },
    /// Texts have no order.
    #[error("{0} is a text: compare it with {0}:part, {0} = whole or {0} != whole")]
    Order(&'static str),
    /// Something is missing.
    #[error("a filter like `load & dur > 100ms & !thread:worker-2` was expected, but {0}")]
    Missing(String),
}

fn fields() -> String {
    Field::ALL.map(|(name, ..)| name).join(", ")
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let expression = parser.any(0)?;
    match parser.take() {
        None => Ok(expression),
        Some(token) => {
            Err(FilterError::Missing(format!("{token} follows with neither & nor | before it")))
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    And,
    Or,
    Not,
    Open,
    Close,
    Op(Op),
    /// Text as it stands, which may begin with a field and a colon.
    Word(String),
    /// Text in quotes.
    Quoted(String),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::And => f.write_str("&"),
            Self::Or => f.write_str("|"),
            Self::Not => f.write_str("!"),
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::Op(_) => f.write_str("a comparison"),
            Self::Word(text) | Self::Quoted(text) => write!(f, "{text:?}"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        if !is_sign(c) {
            let mut word = String::new();
            while let Some(c) = chars.next_if(|&c| !is_sign(c) && !c.is_whitespace()) {
                word.push(c);
            }
            tokens.push(Token::Word(word));
            continue;
        }
        chars.next();
        let mut or_equal = |plain: Op, equal: Op| {
            Token::Op(if chars.next_if_eq(&'=').is_some() { equal } else { plain })
        };
        let token = match c {
            '&' => Token::And,
            '|' => Token::Or,
            '(' => Token::Open,
            ')' => Token::Close,
            '<' => or_equal(Op::Less, Op::AtMost),
            '>' => or_equal(Op::More, Op::AtLeast),
            '=' => or_equal(Op::Equal, Op::Equal),
            '!' if chars.next_if_eq(&'=').is_some() => Token::Op(Op::NotEqual),
            '!' => Token::Not,
            _ => Token::Quoted(quoted(&mut chars)?),
        };
        // `&&` and `||` are what a programmer's fingers write.
        let doubled = matches!(token, Token::And | Token::Or) && tokens.last() == Some(&token);
        if !doubled {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

fn is_sign(c: char) -> bool {
    matches!(c, '&' | '|' | '(' | ')' | '<' | '>' | '=' | '!' | '"')
}

/// The text up to the closing quote; a backslash takes the next character as it is.
fn quoted(chars: &mut impl Iterator<Item = char>) -> Result<String, FilterError> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('"') => return Ok(text),
            Some('\\') => text.extend(chars.next()),
            Some(c) => text.push(c),
            None => return Err(FilterError::Missing("a quote is not closed".to_owned())),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut all = vec![self.all(depth)?];
        while self.take_if(&Token::Or) {
            all.push(self.all(depth)?);
        }
        Ok(alone(all, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut all = vec![self.one(depth)?];
        while self.take_if(&Token::And) {
            all.push(self.one(depth)?);
        }
        Ok(alone(all, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if depth > MAX_DEPTH {
            return Err(FilterError::Missing(format!("it is nested over {MAX_DEPTH} deep")));
        }
        match self.take() {
            Some(Token::Not) => Ok(Expression::Not(Box::new(self.one(depth + 1)?))),
            Some(Token::Open) => {
                let inner = self.any(depth + 1)?;
                if !self.take_if(&Token::Close) {
                    return Err(FilterError::Missing("a bracket is not closed".to_owned()));
                }
                Ok(inner)
            }
            Some(Token::Word(word)) => self.test(&word),
            Some(Token::Quoted(text)) => Ok(Expression::Name(text.to_lowercase())),
            Some(token @ (Token::And | Token::Or | Token::Close | Token::Op(_))) => {
                Err(FilterError::Missing(format!("nothing stands before {token}")))
            }
            None => Err(FilterError::Missing("nothing stands at its end".to_owned())),
        }
    }

    /// What begins with a word: `part`, `thread:part`, `dur > 100ms`.
    fn test(&mut self, word: &str) -> Result<Expression, FilterError> {
        if let Some(Token::Op(op)) = self.tokens.get(self.next).cloned() {
            self.next += 1;
            let field = Field::named(word).ok_or_else(|| FilterError::Field(word.to_owned()))?;
            return match self.take() {
                Some(Token::Word(value) | Token::Quoted(value)) => compare(field, op, &value),
                _ => Err(FilterError::Missing(format!("no value follows {word}"))),
            };
        }
        let Some((field, part)) = field_and_text(word) else {
            return Ok(Expression::Name(word.to_lowercase()));
        };
        let field = Field::named(field).ok_or_else(|| FilterError::Field(field.to_owned()))?;
        let part = match self.tokens.get(self.next).cloned() {
            // thread:"worker 2"
            Some(Token::Quoted(text)) if part.is_empty() => {
                self.next += 1;
                text
            }
            _ => part.to_owned(),
        };
        Ok(Expression::Has(field, part.to_lowercase()))
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += usize::from(token.is_some());
        token
    }

    fn take_if(&mut self, expected: &Token) -> bool {
        let is = self.tokens.get(self.next) == Some(expected);
        self.next += usize::from(is);
        is
    }
}

fn alone(mut all: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            many(all)
        }
    }
}

/// `thread:worker` in its two halves. In `a::b` no colon stands for a field.
fn field_and_text(word: &str) -> Option<(&str, &str)> {
    let at = word.find(':')?;
    (!word[at + 1..].starts_with(':')).then(|| (&word[..at], &word[at + 1..]))
}

fn compare(field: Field, op: Op, value: &str) -> Result<Expression, FilterError> {
    if field.kind() != Kind::Text {
        let number = parse_value(field.kind(), value).ok_or_else(|| FilterError::Value {
            field: field.name(),
            value: value.to_owned(),
            example: field.kind().example(),
        })?;
        return Ok(Expression::Compare(field, op, number));
    }
    match op {
        Op::Equal => Ok(Expression::Is(field, value.to_lowercase(), true)),
        Op::NotEqual => Ok(Expression::Is(field, value.to_lowercase(), false)),
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => Err(FilterError::Order(field.name())),
    }
}
