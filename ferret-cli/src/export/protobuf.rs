//! As much of the protocol buffers' wire format as a profile needs, to write it: numbers, packed
//! numbers, texts and messages, <https://protobuf.dev/programming-guides/encoding/>. (The crate `prost`
//! was rejected: it needs a compiler of .proto files, or each message spelled out once more, to save
//! these lines.)

/// A message that is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

/// How a field's value is written.
const VARINT: u64 = 0;
const LENGTH: u64 = 2;

impl Message {
    /// A number; 0 is what a field that is not there has.
    pub(super) fn number(&mut self, field: u64, number: u64) -> &mut Self {
        if number != 0 {
            self.key(field, VARINT);
            varint(&mut self.bytes, number);
        }
        self
    }

    /// Numbers of a repeated field.
    pub(super) fn numbers(&mut self, field: u64, numbers: &[u64]) -> &mut Self {
        let mut packed = Vec::new();
        for number in numbers {
            varint(&mut packed, *number);
        }
        self.blob(field, &packed)
    }

    /// A text; an empty one is one too.
    pub(super) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.blob(field, text.as_bytes())
    }

    /// A message in this one.
    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.blob(field, &message.bytes)
    }

    /// Takes what was made so far, and is empty again.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn blob(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.key(field, LENGTH);
        varint(&mut self.bytes, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn key(&mut self, field: u64, kind: u64) {
        varint(&mut self.bytes, field << 3 | kind);
    }
}

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding guide.
    #[test]
    fn messages_are_as_the_guide_has_them() {
        let mut inner = Message::default();
        inner.number(1, 150);
        assert_eq!(inner.bytes, [0x08, 0x96, 0x01]);
        let mut outer = Message::default();
        outer.message(3, &inner);
        assert_eq!(outer.take(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        outer.text(2, "testing");
        assert_eq!(outer.take(), b"\x12\x07testing");
        outer.numbers(6, &[3, 270, 86_942]);
        assert_eq!(outer.take(), [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
        outer.number(1, 0);
        assert_eq!(outer.take(), b"");
        outer.number(1, u64::MAX);
        assert_eq!(outer.take().len(), 11);
    }
}
