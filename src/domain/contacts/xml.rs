//! XML of phones and telephone exchanges: in the character set that it names, and its elements by name in any case.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use roxmltree::{Document, Node, ParsingOptions};

use crate::domain::text::short;

/// The declaration stands within so many bytes.
const DECLARATION: usize = 200;
/// The longest tag, in bytes: comparing the attributes of one takes the square of their number.
const TAG: usize = 4096;
/// Maximum number of namespaces that are declared: each element inherits all.
const NAMESPACES: usize = 64;
/// How much of an error's words is repeated, in characters: they may quote a whole tag.
const QUOTE: usize = 120;

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

/// Parses XML of up to so many elements and texts. The error says where it is broken, and why.
pub fn parse(text: &str, nodes: u32) -> Result<Document<'_>, String> {
    if text.matches("xmlns").take(NAMESPACES + 1).count() > NAMESPACES {
        return Err(format!("more than {NAMESPACES} namespaces"));
    }
    let mut rest = text;
    while let Some(begin) = rest.find('<') {
        rest = &rest[begin + 1..];
        // the text of a comment, or of CDATA, is no tag
        let longest = if rest.starts_with('!') { rest.len() } else { TAG };
        let end = rest.bytes().take(longest).position(|byte| byte == b'>');
        if end.is_none() && rest.len() > longest {
            return Err(format!("a tag of more than {TAG} bytes"));
        }
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    let options = ParsingOptions { nodes_limit: nodes, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        format!("broken in line {}: {}", error.pos().row, short(&error.to_string(), QUOTE))
    })
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
    fn what_takes_too_much_is_no_phonebook() {
        let each = |to, one: fn(u32) -> String| (0..to).map(one).collect::<Vec<_>>().concat();
        let attributes = each(1000, |n| format!(" a{n}=''"));
        let nested = each(65, |n| format!("<a xmlns:n{n}='u'>"));
        for (text, why) in [
            (format!("<a{attributes}/>"), "a tag of more than 4096 bytes"),
            (format!("<{}/>", "x".repeat(5000)), "a tag of more than 4096 bytes"),
            (nested, "more than 64 namespaces"),
            (format!("<a>{}</a>", "<b/>".repeat(100)), "nodes limit reached"),
            (format!("<{0}></b>", "x".repeat(4000)), "broken in line 1"),
        ] {
            let words = parse(&text, 100).unwrap_err();
            assert!(words.contains(why) && words.len() < 200, "{words}");
        }
        let comments =
            format!("<a><!--{}--><![CDATA[{}]]></a>", " ".repeat(5000), "<".repeat(5000));
        assert!(parse(&comments, 100).is_ok());
        // quick, too
        assert!(parse(&"<!".repeat(1_000_000), 100).is_err());
    }

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
