//! What address books say, as programs export them, whole and broken.

use std::fs;
use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::watch;

use super::watcher::AddressBookWatcher;
use super::*;
use crate::domain::contacts::directory::Directory;

/// Shows a book in lines: name, groups and numbers of each contact, then the mistakes.
fn shown(book: &AddressBook) -> String {
    let card = |Card { name, groups, numbers }: &Card| {
        format!("{name} [{}] {}", groups.join("|"), numbers.join("|"))
    };
    let mistake = |mistake: &Mistake| format!("line {}: {}", mistake.line, mistake.what);
    let cards = book.cards.iter().map(card);
    cards.chain(book.mistakes.iter().map(mistake)).collect::<Vec<_>>().join("\n")
}

fn vcard(text: impl AsRef<[u8]>) -> String {
    vcard::book(text.as_ref()).map_or_else(str::to_owned, |book| shown(&book))
}

fn table(text: impl AsRef<[u8]>) -> String {
    table::book(text.as_ref()).map_or_else(str::to_owned, |book| shown(&book))
}

#[test]
fn cards_of_all_versions_are_read() {
    // Android exports 2.1 in quoted-printable
    let old = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BCller;J=C3=B6rg;;;\r\n\
        FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =\r\n=4D=C3=BCller\r\nTEL;CELL;PREF:+49 170 1234567\r\n\
        TEL;HOME:030-1\r\nCATEGORIES;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Familie,Fr=C3=A4nkel\r\nEND:VCARD\r\n";
    // a cloud's 3.0 has groups of lines, photos and folded lines
    let cloud = "\u{feff}BEGIN:VCARD\nVERSION:3.0\nFN:Zo\u{eb} S\u{f6}hne\\, \n  GmbH\nN:S\u{f6}hne;Zo\u{eb};;Dr.;\n\
        item1.TEL;type=pref:+1 (310) 555-0199\nitem1.X-ABLabel:shop\nCATEGORIES:myContacts,Work,Family\\, close\n\
        PHOTO;ENCODING=b;TYPE=JPEG:AAAA\n AAAA\nEND:VCARD\n";
    let new = "BEGIN:VCARD\nVERSION:4.0\nFN:Ann\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+49-30-1;ext=5\n\
        TEL;VALUE=uri:sip:1001@pbx\nEND:VCARD\nbegin:vcard\nversion:3.0\nn:Example;Bob\ntel:1002\nend:vcard\n\
        BEGIN:VCARD\nVERSION:3.0\nORG:ACME;Sales\nTEL:1003\nEND:VCARD\n\
        BEGIN:VCARD\nVERSION:3.0\nFN:Without a number\nEMAIL:x@example.com\nEND:VCARD";
    insta::assert_snapshot!(vcard(old), @"J\u{f6}rg M\u{fc}ller [Familie|Fr\u{e4}nkel] +49 170 1234567|030-1");
    insta::assert_snapshot!(vcard(cloud), @"Zoë Söhne,  GmbH [Work|Family, close] +1 (310) 555-0199");
    insta::assert_snapshot!(vcard(new), @"
    Ann [] tel:+49-30-1|sip:1001@pbx
    Bob Example [] 1002
    ACME [] 1003
    ");
    let latin = b"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=ISO-8859-1:J\xf6rg\nTEL:1\nEND:VCARD\n";
    insta::assert_snapshot!(vcard(latin), @"Jörg [] 1");
    // without a word about it, one line of it folded
    let windows = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:J\xf6rg \r\n M\xfcller\r\nTEL:1\r\nCATEGORIES:Fr\xe4nkel\r\nEND:VCARD\r\n";
    insta::assert_snapshot!(vcard(windows), @"Jörg Müller [Fränkel] 1");
    // UTF-8 that is folded inside of a letter
    let folded = b"BEGIN:VCARD\nVERSION:3.0\nFN:J\xc3\n \xb6rg\nTEL:1\nEND:VCARD\n";
    insta::assert_snapshot!(vcard(folded), @"Jörg [] 1");
    let wide = "\u{feff}BEGIN:VCARD\nVERSION:3.0\nFN:Jörg\nTEL:1\nEND:VCARD\n";
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    insta::assert_snapshot!(vcard(wide), @"Jörg [] 1");
}

#[test]
fn broken_cards_are_left_out_and_told_by_line() {
    let text = "hello\nworld\n\nBEGIN:VCARD\nVERSION:3.0\nFN:Ann\nthis is no property\nTEL:1\nEND:VCARD\n\
        BEGIN:VCARD\nVERSION:3.0\nTEL:2\nEND:VCARD\nBEGIN:VCARD\nFN:Open\nTEL:3\n\
        BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nTEL:4\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:Cut";
    insta::assert_snapshot!(vcard(text), @"
    Ann [] 1
    Open [] 3
    Bob [] 4
    line 1: text outside of a card
    line 7: a line without a colon
    line 10: a number without a name
    line 14: a card that does not end
    line 22: text outside of a card
    line 23: a card that does not end
    ");
    insta::assert_snapshot!(vcard("name;number\nAnn;1\n"), @"expected vCards, which begin with BEGIN:VCARD,");
}

#[test]
fn files_that_were_joined_lose_no_card() {
    let card =
        |name: &str, number: &str| format!("BEGIN:VCARD\nFN:{name}\nTEL:{number}\nEND:VCARD");
    let (ann, bob) = (card("Ann", "030 5550401"), card("Bob", "030 5550402"));
    for between in ["", " ", "\n", "\r\n\r\n", "\u{feff}", "\n\u{feff}", "\r"] {
        let all = vcard(format!("{ann}{between}{bob}{between}"));
        assert_eq!(all, "Ann [] 030 5550401\nBob [] 030 5550402", "{between:?}");
    }
    // old Macs end a line with a return
    insta::assert_snapshot!(vcard(ann.replace('\n', "\r")), @"Ann [] 030 5550401");
}

#[test]
fn a_bad_line_takes_no_card_with_it() {
    let with = |lines: &str| {
        format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Gerda Beispiel\r\n{lines}\r\nTEL:+49 170 5550101\r\nEND:VCARD\r\n"
        )
    };
    insta::assert_snapshot!(vcard(with("\r\nMuster-Doppel")), @"
    Gerda Beispiel [] +49 170 5550101
    line 5: a line without a colon
    ");
    insta::assert_snapshot!(vcard(with("TEL;TYPE=\"HOME\";+31201234567")), @"
    Gerda Beispiel [] +49 170 5550101
    line 4: a line without a colon
    ");
    // a quote that is not closed, and one that has a colon in it
    insta::assert_snapshot!(vcard(with("TEL;TYPE=\"HOME:1001\r\nTEL;X-A=\"b:c\":1002")), @"Gerda Beispiel [] 1001|1002|+49 170 5550101");
    // a photo that is not indented is nothing to read, whatever its lines begin with
    let photo = "PHOTO;ENCODING=BASE64;TYPE=JPEG:\r\n/9j/4AAQSkZJRgABAQ\r\nAQABAAD+2wBDAAUDBA==\r\n\r\nTEL:1001";
    insta::assert_snapshot!(vcard(with(photo)), @"Gerda Beispiel [] 1001|+49 170 5550101");
    let photo = "PHOTO;ENCODING=b:/9j/4AAQSkZJRgABAQ\r\nAQABAAD+2wBDAAUDBA==";
    insta::assert_snapshot!(vcard(with(photo)), @"Gerda Beispiel [] +49 170 5550101");
    // quoted-printable that breaks off, and one that is none
    let quoted = "NOTE;ENCODING=QUOTED-PRINTABLE:=\r\nmore=3D=\r\n\r\nTEL:1001";
    insta::assert_snapshot!(vcard(with(quoted)), @"Gerda Beispiel [] 1001|+49 170 5550101");
    insta::assert_snapshot!(vcard("BEGIN:VCARD\nFN;QUOTED-PRINTABLE:50=25 =ZZ=4\nTEL:1\nX;QUOTED-PRINTABLE:a=\nEND:VCARD"), @"50% =ZZ=4 [] 1");
}

#[test]
fn a_card_has_one_character_set() {
    // as a mail program of Windows in the east writes it: the word about it stands with the address only
    let card =
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:\xc2\xb3\xf2\xe0\xeb\xb3\xe9\r\nTEL;HOME;VOICE:1001\r\n\
        LABEL;HOME;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1251:=CA=E8=BF=E2\r\nEND:VCARD\r\n";
    insta::assert_snapshot!(vcard(card), @"Віталій [] 1001");
    // the next one has no address
    let next = b"BEGIN:VCARD\r\nN:\xb2\xe2\xe0\xed;\r\nFN;QUOTED-PRINTABLE:=B2=E2=E0=ED\r\nTEL:1002\r\nEND:VCARD\r\n";
    insta::assert_snapshot!(vcard([&next[..], card].concat()), @"
    Іван [] 1002
    Віталій [] 1001
    ");
    // what is UTF-8 is, whatever the other lines say
    let mixed =
        "BEGIN:VCARD\r\nFN:Zo\u{eb}\r\nTEL:1\r\nLABEL;CHARSET=windows-1251:x\r\nEND:VCARD\r\n";
    insta::assert_snapshot!(vcard(mixed), @"Zoë [] 1");
    let unknown = b"BEGIN:VCARD\r\nFN;CHARSET=x-nothing:J\xf6rg\r\nTEL:1\r\nEND:VCARD\r\n";
    insta::assert_snapshot!(vcard(unknown), @"Jörg [] 1");
}

#[test]
fn tables_are_read_as_programs_export_them() {
    insta::assert_snapshot!(table("name;number;group\nAnn Example;030 1;Family\nBob;1002;\n"), @"
    Ann Example [Family] 030 1
    Bob [] 1002
    ");
    let google = "First Name,Middle Name,Last Name,Phonetic First Name,Organization Name,Labels,E-mail 1 - Value,\
        Phone 1 - Label,Phone 1 - Value,Phone 2 - Value\n\
        Ann,,Example,Enn,,* myContacts ::: Family,ann@example.com,Mobile,+49 170 1 ::: +49 170 2,1001\n\
        ,,,,ACME,* myContacts,,Work,1003,\n,,,,,,,,,\n";
    insta::assert_snapshot!(table(google), @"
    Ann Example [Family] +49 170 1|+49 170 2|1001
    ACME [] 1003
    ");
    let outlook = "\"First Name\"\t\"Last Name\"\t\"Home Street\"\t\"Business Phone\"\t\"Mobile Phone\"\t\"Business Fax\"\t\"Categories\"\n\
        \"Zo\u{eb}\"\t\"S\u{f6}hne\"\t\"A \"\"B\"\"\n5\"\t\"1001\"\t\"1002\"\t\"1003\"\t\"Family;Work\"\n";
    insta::assert_snapshot!(table(outlook), @"Zoë Söhne [Family|Work] 1001|1002|1003");
    insta::assert_snapshot!(table(b"Name;Telefon privat\nJ\xf6rg;123\n"), @"Jörg [] 123");
    insta::assert_snapshot!(table("\u{feff}Name,Tel\nZo\u{eb},1\n"), @"Zoë [] 1");
}

#[test]
fn broken_rows_are_left_out_and_told_by_line() {
    let text =
        "name,number\nAnn,1\nBob,2,3\n,4\nCarl\n\"Dora\nE\",5\nno number,-\n\"never closed,6\n";
    insta::assert_snapshot!(table(text), @"
    Ann [] 1
    Dora
    E [] 5
    line 3: more fields than the first row has
    line 4: a number without a name
    line 9: a quote that is not closed
    ");
    let open = "name,number\nAnn,1\n\"Bob,2\nCarl,3\nDora,4\n";
    insta::assert_snapshot!(table(open), @"
    Ann [] 1
    Carl [] 3
    Dora [] 4
    line 3: a quote that is not closed
    ");
    // it is nobody's but the row's own
    insta::assert_snapshot!(table("name,number\nAnn,\"1001\nBob,1002\nZoe,1003\n"), @r#"
    Bob [] 1002
    Zoe [] 1003
    line 2: a quote that is not closed
    "#);
    let note = "name,number,note\n\"Ann\nB\",1001,\"bla\nBob,1002,\nZoe,1003,";
    insta::assert_snapshot!(table(note), @r#"
    Bob [] 1002
    Zoe [] 1003
    line 3: a quote that is not closed
    "#);
    insta::assert_snapshot!(table("name,number\nAnn,\"1001\nBob,1002\"\nZoe,\"1003\n1004\"\n"), @r#"
    Zoe [] 1003|1004
    line 2: a row over several lines: perhaps a quote is not closed
    "#);
    let all = table(format!("name,number\n{}", "x\"y,\"z\n".repeat(100)));
    assert!(all.ends_with("line 12: a quote that is not closed, and all that follows"), "{all}");
    for text in ["", "\n", "name\nAnn\n", "number\n1\n", "Ann,1001\n", "\u{0}\u{1}"] {
        assert!(table(text).starts_with("expected a first row that names"), "{text:?}");
    }
}

#[test]
fn what_is_dialled_after_a_pause_is_nobodys_number() {
    for (field, expected) in [
        ("+1 555 123 4567,,42", "+1 555 123 4567"),
        ("+1 555 123 4567;42", "+1 555 123 4567"),
        ("+1 555 123 4567;42;43", "+1 555 123 4567"),
        ("+1 555 123 4567p42", "+1 555 123 4567"),
        ("1001 W 42", "1001"),
        ("1001,1002", "1001"),
        ("1001; 1002 ::: 1003", "1001|1002|1003"),
        ("+49 30 123456;+49 30 123457", "+49 30 123456|+49 30 123457"),
        ("sip:1001@pbx", "sip:1001@pbx"),
    ] {
        let text = format!("name,number\nBob,\"{field}\"\n");
        assert_eq!(table(text), format!("Bob [] {expected}"), "{field}");
    }
}

#[test]
fn a_column_that_may_hold_numbers_holds_no_flags() {
    let text = "Name,Preferred Phone,Has Phone,Mobile Phone\nAnn,1,1,1001\n";
    insta::assert_snapshot!(table(text), @"Ann [] 1001");
}

#[test]
fn a_first_row_of_excel_says_what_parts_the_fields() {
    insta::assert_snapshot!(table("\u{feff}sep=;\r\nname;number,x;number\r\nAnn;a;1\r\n;b;2\r\n"), @"
    Ann [] 1
    line 4: a number without a name
    ");
}

#[test]
fn files_say_by_their_end_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        read(&path).map(|book| book.cards.len())
    };
    assert_eq!(file("a.CSV", "name,number\nAnn,1\n"), Ok(1));
    assert_eq!(file("a.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:Ann\nTEL:1\nEND:VCARD\n"), Ok(1));
    assert!(file("a.txt", "").unwrap_err().contains(".vcf, .vcard, .csv or .xml"));
    assert!(file("b.vcf", "").unwrap_err().contains("BEGIN:VCARD"));
    let gone = read(&folder.path().join("gone.csv")).unwrap_err();
    assert!(gone.contains("expected a readable file") && gone.contains("gone.csv"), "{gone}");
    let large = folder.path().join("large.csv");
    fs::File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
    assert!(read(&large).unwrap_err().contains("it has more than 32 MiB"));
}

#[test]
fn so_many_contacts_are_enough() {
    let rows = "Ann,1\n".repeat(50_002);
    let book = table::book(format!("name,number\n{rows}").as_bytes()).unwrap();
    assert_eq!(book.cards.len(), CONTACTS);
    assert_eq!(
        book.mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(),
        [50_002, 50_003]
    );
}

#[test]
fn one_contact_can_only_be_so_large() {
    let many = |one: &str, times| one.repeat(times);
    let numbers = many("TEL:1001\n", 150);
    let groups = many("x,", 100);
    let card = format!("BEGIN:VCARD\nFN:Ann\n{numbers}CATEGORIES:{groups}\nEND:VCARD\n");
    let check = |book: AddressBook, groups: usize| {
        assert_eq!(book.cards.len(), 1);
        assert_eq!((book.cards[0].numbers.len(), book.cards[0].groups.len()), (100, groups));
        let what: Vec<_> = book.mistakes.iter().map(|mistake| mistake.what.as_ref()).collect();
        assert_eq!(what, ["more than 100 fields for numbers in one contact"]);
    };
    check(vcard::book(card.as_bytes()).unwrap(), 32);
    let names = many("tel,", 150);
    let fields = many("1001,", 150);
    let table_of = format!("name,{names}group\nAnn,{fields}{}\n", many("x;", 100));
    check(table::book(table_of.as_bytes()).unwrap(), 32);
    let phones = many("<Phone><phonenumber>1001</phonenumber></Phone>", 150);
    let of_groups = many("<Group>x</Group>", 100);
    let book = format!(
        "<AddressBook><Contact><LastName>Ann</LastName>{phones}{of_groups}</Contact></AddressBook>"
    );
    check(xml::book(book.as_bytes()).unwrap(), 32);

    // a field that holds thousands, a card without an end, a table that is wide, a book of numbers
    let long = format!("BEGIN:VCARD\nFN:Ann\nTEL:{}\nTEL:1002\nEND:VCARD\n", many("1001;", 1000));
    let book = vcard::book(long.as_bytes()).unwrap();
    assert_eq!(
        (&book.cards[0].numbers[..], book.strange),
        (&["1002".to_owned()][..], Some((1, 1)))
    );
    let long = format!("BEGIN:VCARD\nFN:Ann\nTEL:1\n{}END:VCARD\n", many("X:\n", 100_001));
    assert!(vcard(long).ends_with("a card with more than 100000 lines, and the rest of it"));
    assert_eq!(table(many("number,", 1001)), "expected a table of up to 1000 columns");
    let ninety = many(",1001", 90);
    let rows = format!("name{}\n{}", many(",tel", 90), many(&format!("Ann{ninety}\n"), 2300));
    let book = table::book(rows.as_bytes()).unwrap();
    assert_eq!(book.cards.len(), 200_000 / 90);
    assert_eq!(book.mistakes[0].what, "more numbers than 200000");
}

/// The head of the line is not read again for each part: that would take minutes.
#[test]
fn a_line_of_many_parts_takes_no_longer_for_each() {
    for (encoding, part) in [("QUOTED-PRINTABLE", "=\n"), ("BASE64", "AA\n")] {
        let head = format!("PHOTO{};{encoding}:", ";B".repeat(2000));
        let text =
            format!("BEGIN:VCARD\nFN:Ann\nTEL:1\n{head}{}\nEND:VCARD\n", part.repeat(90_000));
        assert_eq!(vcard(text), "Ann [] 1");
    }
}

/// With the square of their number this would take minutes.
#[test]
fn a_large_phonebook_takes_no_longer_for_each_contact() {
    let many = |one: fn(u32) -> String| (0..30_000).map(one).collect::<Vec<_>>().concat();
    let groups = many(|n| format!("<pbgroup><id>{n}</id><name>g{n}</name></pbgroup>\n"));
    let contacts = many(|n| {
        format!(
            "<Contact><LastName>n{n}</LastName><Phone><phonenumber>{n}</phonenumber></Phone>\n<Group>{n}</Group></Contact>"
        )
    });
    let book =
        xml::book(format!("<AddressBook>{groups}{contacts}</AddressBook>").as_bytes()).unwrap();
    assert_eq!(book.cards.len(), 30_000);
    assert_eq!(book.cards[29_999].groups, ["g29999"]);
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop((vcard::book(&bytes), table::book(&bytes)));
        let card = [b"BEGIN:VCARD\nFN:Ann\n", &bytes[..], b"\nEND:VCARD\n"].concat();
        prop_assert!(vcard::book(&card).is_ok());
        let rows = [b"name,number\n", &bytes[..]].concat();
        prop_assert!(table::book(&rows).is_ok());
    }

    /// What is broken in one card takes nothing from the next.
    #[test]
    fn a_card_stands_by_itself(lines in "([A-Z;=:,0-9]{0,20}\r?\n){0,6}") {
        let text = format!("BEGIN:VCARD\n{lines}END:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Ann\nTEL:1001\nEND:VCARD\n");
        let book = vcard::book(text.as_bytes()).unwrap();
        prop_assert_eq!(&book.cards.last().unwrap().name, "Ann");
    }

    /// What is broken in one line takes nothing from the others.
    #[test]
    fn a_line_stands_by_itself(lines in "([A-Z;=:,\"0-9+/]{0,20}\r?\n){0,6}") {
        let text = format!("BEGIN:VCARD\nFN:Ann\n{lines}TEL:1001\nEND:VCARD\n");
        let book = vcard::book(text.as_bytes()).unwrap();
        prop_assert_eq!(&book.cards[0].name, "Ann");
        prop_assert_eq!(book.cards[0].numbers.last().map(String::as_str), Some("1001"));
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_broken_at_the_start_is_read_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    let (_options, told) = watch::channel(NamesOptions { file: Some(file.clone()), country: None });
    let (mut watcher, names) = AddressBookWatcher::open(told).await;
    for text in [None, Some(""), Some("Ann,1001\n")] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        watcher.look_and_read().await;
        assert!(names.borrow().is_empty());
    }
    fs::write(&file, "name,number\nAnn,1001\n").unwrap();
    watcher.look_and_read().await;
    assert!(names.borrow().find("1001").is_some());
}

#[tokio::test]
async fn a_file_that_changes_is_read_again_and_one_that_vanishes_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("name,number\nAnn,030 1234567\n");
    let country = "DE".parse().ok();
    let (options, told) = watch::channel(NamesOptions { file: Some(file.clone()), country });
    let (mut watcher, names) = AddressBookWatcher::open(told).await;
    let find = |number: &str| {
        let names = Arc::clone(&names.borrow());
        names.find(number).map_or("-".to_owned(), |person| person.name.clone())
    };
    assert_eq!(find("+49301234567"), "Ann");
    write("name,number\nAnn,030 1234567\nBob,1002\n");
    watcher.look_and_read().await;
    assert_eq!(find("1002"), "Bob");
    fs::remove_file(&file).unwrap();
    watcher.look_and_read().await;
    watcher.look_and_read().await;
    assert_eq!(find("1002"), "Bob");
    write("no table\n");
    watcher.look_and_read().await;
    assert_eq!(find("1002"), "Bob");
    write("name,number\nCarl,1002\n");
    watcher.look_and_read().await;
    assert_eq!([find("1002"), find("+49301234567")], ["Carl", "-"]);
    // what the settings say otherwise holds at once
    options.send_replace(NamesOptions::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn(watcher.run(stop.clone()));
    let mut names = names.clone();
    tokio::time::timeout(
        std::time::Duration::from_secs(10),
        names.wait_for(|names| names.is_empty()),
    )
    .await
    .unwrap()
    .unwrap();
    stop.cancel();
    task.await.unwrap();
}

/// Returns who is found by which number, of what a reader made of a file.
fn finds(book: AddressBook, country: &str, numbers: &[&str]) -> Vec<String> {
    let directory = Directory::new(country.parse().ok(), book.cards);
    let name =
        |number: &&str| directory.find(number).map_or("-".to_owned(), |one| one.name.clone());
    numbers.iter().map(name).collect()
}

#[test]
fn what_people_write_into_fields_for_numbers_is_found() {
    let cards = "BEGIN:VCARD\nFN:Ann\nTEL:+390291234567,1234567\nEND:VCARD\n\
        BEGIN:VCARD\nFN:Bob\nTEL:030 5550108p42\nEND:VCARD\n";
    let book = vcard::book(cards.as_bytes()).unwrap();
    assert_eq!(finds(book, "DE", &["+390291234567", "0305550108", "1234567"]), ["Ann", "Bob", "-"]);
    let american = "BEGIN:VCARD\nFN:Ann\nTEL:(310) 555-0142 x99\nEND:VCARD\n\
        BEGIN:VCARD\nFN:Bob\nTEL:310 555 0143 ext. 12\nEND:VCARD\n";
    let book = vcard::book(american.as_bytes()).unwrap();
    assert_eq!(finds(book, "US", &["3105550142", "+13105550143"]), ["Ann", "Bob"]);
    let quoted = "name,phone\nOleh,\"'+380 99 345-67-89\"\nEva,\"=\"\"030 5550111\"\"\"\n";
    let book = table::book(quoted.as_bytes()).unwrap();
    assert_eq!(finds(book, "DE", &["+380993456789", "0305550111"]), ["Oleh", "Eva"]);
}

#[test]
fn columns_of_a_german_mail_program_are_known() {
    let rows = "Vorname,Nachname,Anzeigename,Tel. dienstlich,Fax-Nummer,Mobil-Tel.-Nr.\n\
        Ann,Example,Ann E.,030 5550101,030 5550102,0170 5550103\n";
    let book = table::book(rows.as_bytes()).unwrap();
    let numbers = ["0305550101", "0305550102", "01705550103"];
    assert_eq!(finds(book, "DE", &numbers), ["Ann E.", "Ann E.", "Ann E."]);
}

#[test]
fn a_column_that_looks_like_numbers_is_named() {
    let rows = "name,number,Rückruf,Geburtstag,Kunde\nAnn,1001,030 5550101,01.02.1980,4711\n\
        Bob,1002,+49 170 5550103,2.3.1990,4712\n";
    assert_eq!(
        table(rows),
        "Ann [] 1001\nBob [] 1002\nline 1: a column that looks like numbers, and whose name is not known: \"Rückruf\""
    );
}

#[test]
fn what_nobody_could_call_from_is_not_counted() {
    let rows = "name,number\nAnn,call me\nBob,1002\nEva,Zimmer 12\nZoe,\n";
    let book = table::book(rows.as_bytes()).unwrap();
    assert_eq!(book.cards.len(), 1);
    let expected = "2 numbers are not understood, the first in line 2";
    assert_eq!(book.strangeness().as_deref(), Some(expected));
}

#[test]
fn phonebooks_in_xml_are_read() {
    let vendor = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><AddressBook>
        <pbgroup><id>5</id><name>Family</name></pbgroup>
        <Contact><FirstName>J\u{1}rgen</FirstName><LastName>Example</LastName>
          <Phone type=\"Cell\"><phonenumber>0170 5550101</phonenumber></Phone>
          <Phone type=\"Other\"><phonenumber>8001</phonenumber></Phone><Group>5</Group></Contact>
        <Contact><LastName>Bob</LastName><Phone><phonenumber>8002</phonenumber></Phone></Contact>
        </AddressBook>";
    let latin: Vec<u8> = vendor.bytes().map(|byte| if byte == 1 { 0xfc } else { byte }).collect();
    assert_eq!(
        shown(&xml::book(&latin).unwrap()),
        "Jürgen Example [Family] 0170 5550101|8001\nBob [] 8002"
    );
    let fritz = "<?xml version=\"1.0\" encoding=\"utf-8\"?><phonebooks><phonebook name=\"Telefonbuch\">
        <contact><category>1</category><person><realName>Ann &amp; Bob</realName></person>
        <telephony nid=\"2\"><number type=\"home\" prio=\"1\" id=\"0\">030 5550101</number>
        <number type=\"mobile\" id=\"1\">0170 5550103</number></telephony></contact>
        <contact><person><realName>Door</realName></person>
        <telephony><number type=\"home\">**41</number></telephony></contact></phonebook></phonebooks>";
    assert_eq!(
        shown(&xml::book(fritz.as_bytes()).unwrap()),
        "Ann & Bob [] 030 5550101|0170 5550103\nDoor [] **41"
    );
    for strange in ["<html/>", "", "<AddressBook>", "name,number"] {
        assert!(xml::book(strange.as_bytes()).unwrap_err().contains("FRITZ!Box"), "{strange}");
    }
}
