//! XML of phones and telephone exchanges: in the character set that it names, and its elements by name in any case.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use roxmltree::Node;

/// The declaration stands within so many bytes.
const DECLARATION: usize = 200;

/// Returns the text: in UTF-8 or UTF-16 by its mark, else in the character set of its declaration, if it is not UTF-8 all the
/// same; what is neither is read as Windows writes it in the west.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let encoding = declared(bytes).filter(|encoding| *encoding != UTF_8);
    encoding.unwrap_or(WINDOWS_1252).decode_without_bom_handling(bytes).0
}

fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION)]);
    let (declaration, _) = start.split_once("?>")?;
    let (_, behind) = declaration.split_once("encoding")?;
    let label = behind.trim_start().strip_prefix('=')?.trim_start();
    let label = label.trim_start_matches(['"', '\'']);
    let end = label.find(['"', '\'']).unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

/// Returns the child elements with this name, in any case.
pub fn children<'a, 'x>(
    node: Node<'a, 'x>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'x>> {
    let named = move |child: &Node<'_, '_>| child.tag_name().name().eq_ignore_ascii_case(name);
    node.children().filter(Node::is_element).filter(named)
}

/// Returns the text of an element, without what is around it; none, if there is nothing.
pub fn text(node: Node<'_, '_>) -> Option<String> {
    let text = node.text().unwrap_or_default().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_says() {
        let latin = |declaration: &str| [declaration.as_bytes(), b"<a>J\xfcrgen \x80</a>"].concat();
        for (bytes, expected) in [
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Zoë</a>".as_bytes().to_vec(),
                "Zoë",
            ),
            (latin("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"), "Jürgen €"),
            (latin("<?xml version='1.0' encoding = 'utf-8'?>"), "Jürgen €"),
            (latin(""), "Jürgen €"),
            (b"<?xml encoding=\"windows-1251\"?>\xc8\xe2\xe0\xed".to_vec(), "Иван"),
            ("\u{feff}<a>Zoë</a>".as_bytes().to_vec(), "Zoë"),
        ] {
            let text = decoded(&bytes);
            assert!(text.contains(expected), "{text}");
        }
    }
}
