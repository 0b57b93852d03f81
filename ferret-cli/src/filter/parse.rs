//! From text to an expression.

use super::{Expression, Field, Kind, Op, parse_value};

/// No expression is nested deeper: a person's never is, and recursion must end.
const MAX_DEPTH: usize = 64;

/// Why a filter could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub(crate) struct FilterError {
    /// Where in the text, in bytes from its beginning; its end where something is missing there.
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
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

impl Fault {
    fn at(self, at: usize) -> FilterError {
        FilterError { at, fault: self }
    }

    fn missing(what: impl Into<String>) -> Self {
        Self::Missing(what.into())
    }

    /// The same in a few words, for one who sees the filter beside them.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Field(name) => match near(name) {
                Some(near) => format!("no field {name}, is it {near}?"),
                None => {
                    format!("no field {name}: name, module, thread, pid, dur, tag, outcome …")
                }
            },
            Self::Value { field, example, .. } => format!("write it like {field} > {example}"),
            Self::Order(field) => format!("a text: {field}:part or {field} = whole"),
            Self::Missing(what) => what.clone(),
        }
    }
}

fn fields() -> String {
    Field::ALL.map(|(name, ..)| name).join(", ")
}

/// The field that was meant, if what was written begins as its name does, or the other way round.
fn near(written: &str) -> Option<&'static str> {
    let written = written.to_lowercase();
    let names = Field::ALL.map(|(name, ..)| name);
    let is_near = |name: &&str| name.starts_with(&written) || written.starts_with(name);
    names.into_iter().filter(|_| written.len() > 1).find(is_near)
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len() };
    let expression = parser.any(0)?;
    let at = parser.at();
    match parser.take() {
        None => Ok(expression),
        Some(token) => {
            let what = format!("{token} follows with neither & nor | before it");
            Err(Fault::Missing(what).at(at))
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

/// The tokens, each with where it begins.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, FilterError> {
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some(&(at, c)) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        if !is_sign(c) {
            let mut word = String::new();
            while let Some((_, c)) = chars.next_if(|&(_, c)| !is_sign(c) && !c.is_whitespace()) {
                word.push(c);
            }
            tokens.push((at, Token::Word(word)));
            continue;
        }
        chars.next();
        let mut or_equal = |plain: Op, equal: Op| {
            Token::Op(if chars.next_if(|&(_, c)| c == '=').is_some() { equal } else { plain })
        };
        let token = match c {
            '&' => Token::And,
            '|' => Token::Or,
            '(' => Token::Open,
            ')' => Token::Close,
            '<' => or_equal(Op::Less, Op::AtMost),
            '>' => or_equal(Op::More, Op::AtLeast),
            '=' => or_equal(Op::Equal, Op::Equal),
            '!' if chars.next_if(|&(_, c)| c == '=').is_some() => Token::Op(Op::NotEqual),
            '!' => Token::Not,
            _ => Token::Quoted(
                quoted(&mut chars).ok_or_else(|| Fault::missing("a quote is not closed").at(at))?,
            ),
        };
        // `&&` and `||` are what a programmer's fingers write.
        let is_last = tokens.last().is_some_and(|(_, last)| *last == token);
        if !(is_last && matches!(token, Token::And | Token::Or)) {
            tokens.push((at, token));
        }
    }
    Ok(tokens)
}

fn is_sign(c: char) -> bool {
    matches!(c, '&' | '|' | '(' | ')' | '<' | '>' | '=' | '!' | '"')
}

/// The text up to the closing quote, if there is one; a backslash takes the next character as it is.
fn quoted(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()?.1 {
            '"' => return Some(text),
            '\\' => text.extend(chars.next().map(|(_, c)| c)),
            c => text.push(c),
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// Where the text ends.
    end: usize,
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
        let at = self.at();
        if depth > MAX_DEPTH {
            return Err(Fault::Missing(format!("it is nested over {MAX_DEPTH} deep")).at(at));
        }
        match self.take() {
            Some(Token::Not) => Ok(Expression::Not(Box::new(self.one(depth + 1)?))),
            Some(Token::Open) => {
                let inner = self.any(depth + 1)?;
                if !self.take_if(&Token::Close) {
                    return Err(Fault::missing("a bracket is not closed").at(at));
                }
                Ok(inner)
            }
            Some(Token::Word(word)) => self.test(at, &word),
            Some(Token::Quoted(text)) => Ok(Expression::Name(text.to_lowercase())),
            Some(token @ (Token::And | Token::Or | Token::Close | Token::Op(_))) => {
                Err(Fault::Missing(format!("nothing stands before {token}")).at(at))
            }
            None => Err(Fault::missing("nothing stands at its end").at(at)),
        }
    }

    /// What begins with a word: `part`, `thread:part`, `dur > 100ms`, `tag:episode = 42`.
    fn test(&mut self, at: usize, word: &str) -> Result<Expression, FilterError> {
        let parts = field_and_text(word);
        if let Some(Token::Op(op)) = self.peek().cloned() {
            self.next += 1;
            let value_at = self.at();
            let Some(Token::Word(value) | Token::Quoted(value)) = self.take() else {
                return Err(Fault::Missing(format!("no value follows {word}")).at(value_at));
            };
            let compared = match (parts, Field::named(word)) {
                (Some(("tag", key)), _) if !key.is_empty() => {
                    return compare_tag(key, op, &value).map_err(|fault| fault.at(value_at));
                }
                (_, Some(field)) => compare(field, op, &value),
                (_, None) => return Err(Fault::Field(word.to_owned()).at(at)),
            };
            return compared.map_err(|fault| fault.at(value_at));
        }
        let Some((field, part)) = parts else {
            return Ok(Expression::Name(word.to_lowercase()));
        };
        let field = Field::named(field).ok_or_else(|| Fault::Field(field.to_owned()).at(at))?;
        let part = match self.peek().cloned() {
            // thread:"worker 2"
            Some(Token::Quoted(text)) if part.is_empty() => {
                self.next += 1;
                text
            }
            _ => part.to_owned(),
        };
        Ok(Expression::Has(field, part.to_lowercase()))
    }

    /// Where the next token begins.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    fn take_if(&mut self, expected: &Token) -> bool {
        let is = self.peek() == Some(expected);
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

fn compare(field: Field, op: Op, value: &str) -> Result<Expression, Fault> {
    if field.kind() != Kind::Text {
        let number = parse_value(field.kind(), value).ok_or_else(|| Fault::Value {
            field: field.name(),
            value: value.to_owned(),
            example: field.kind().example(),
        })?;
        return Ok(Expression::Compare(field, op, number));
    }
    match op {
        Op::Equal => Ok(Expression::Is(field, value.to_lowercase(), true)),
        Op::NotEqual => Ok(Expression::Is(field, value.to_lowercase(), false)),
        Op::Less | Op::AtMost | Op::More | Op::AtLeast => Err(Fault::Order(field.name())),
    }
}

/// What a tag says is a text, or a number if both sides are.
fn compare_tag(key: &str, op: Op, value: &str) -> Result<Expression, Fault> {
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() && !matches!(op, Op::Equal | Op::NotEqual) {
        let (field, value, example) = ("tag:key", value.to_owned(), "42");
        return Err(Fault::Value { field, value, example });
    }
    Ok(Expression::Tag { key: key.to_lowercase(), op, text: value.to_lowercase(), number })
}
