//! The terminal: its size, one key after the other, and its own state again at the end.

use std::{
    io::{self, IsTerminal as _, Read as _, Write as _},
    str,
};

use rustix::termios::{self, OptionalActions, SpecialCodeIndex, Termios};

use super::screen::Size;

/// A screen of its own, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// Draws over what stands: to the corner, and each line cleared to its end.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";

/// What a person types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    Tab,
    Enter,
    Backspace,
    Escape,
    /// Nothing was typed for a while: the size may have changed.
    Nothing,
    /// Ctrl-C, or nobody is there any more.
    End,
}

/// A terminal that hands over each key; it is as it was when this is dropped.
pub(super) struct Terminal {
    before: Termios,
}

impl Terminal {
    /// # Errors
    /// Where standard input or output is no terminal.
    pub(super) fn open() -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            let message = "a review needs a terminal; campanile approve is for scripts";
            return Err(io::Error::other(message));
        }
        let before = termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // A read ends after a tenth of a second without a key.
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        let terminal = Self { before };
        write(ENTER)?;
        Ok(terminal)
    }

    pub(super) fn size() -> Size {
        let size = termios::tcgetwinsize(io::stdout()).ok();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or(
            Size {
                columns: 80,
                rows: 24,
            },
            |size| Size {
                columns: usize::from(size.ws_col),
                rows: usize::from(size.ws_row),
            },
        )
    }

    pub(super) fn draw(lines: &[String]) -> io::Result<()> {
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}{CLEAR_LINE}")).collect();
        write(&format!("{HOME}{}", lines.join("\r\n")))
    }

    /// The next key; `Nothing` after a tenth of a second without one.
    pub(super) fn key() -> io::Result<Key> {
        let Some(first) = byte()? else {
            return Ok(Key::Nothing);
        };
        Ok(match first {
            b'\t' => Key::Tab,
            b'\r' | b'\n' => Key::Enter,
            0x7f | 0x08 => Key::Backspace,
            0x03 | 0x04 => Key::End,
            0x1b => arrow()?,
            first => letter(first)?,
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nobody is left to be told where that fails.
        let _left = write(LEAVE);
        let _restored = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn byte() -> io::Result<Option<u8>> {
    let mut buffer = [0_u8; 1];
    match io::stdin().lock().read(&mut buffer) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(buffer.first().copied()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

/// Arrows are letters after an escape: up and left go back, down and right go on.
fn arrow() -> io::Result<Key> {
    let (Some(b'['), Some(direction)) = (byte()?, byte()?) else {
        return Ok(Key::Escape);
    };
    Ok(match direction {
        b'A' => Key::Letter('k'),
        b'B' => Key::Letter('j'),
        b'C' => Key::Letter('n'),
        b'D' => Key::Letter('p'),
        _ => Key::Nothing,
    })
}

/// A letter of one to four bytes; what is none is nothing.
fn letter(first: u8) -> io::Result<Key> {
    let more = match first {
        0xc0..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf7 => 3,
        _ => 0,
    };
    let mut bytes = vec![first];
    for _ in 0..more {
        bytes.extend(byte()?);
    }
    let letter = str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
    Ok(letter
        .filter(|letter| !letter.is_control())
        .map_or(Key::Nothing, Key::Letter))
}
