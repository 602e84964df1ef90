//! Reading files that the settings name: regular ones only, up to a size, and within a time.
//!
//! Whoever names a pipe, a device or a file on a server that is away would else stop the program without a word.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long reading a file may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a regular file of up to `limit` bytes. The error is for people, and says what was expected.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (result, wait) = mpsc::sync_channel(1);
    let path = path.to_owned();
    // nobody can end a read that hangs: its thread is left alone
    thread::Builder::new().name("file".to_owned()).spawn(move || {
        result.send(read_now(&path, limit)).ok();
    })?;
    wait.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let why = format!("it was not read within {} s", PATIENCE.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// Reads a regular file of up to `limit` bytes as UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn read_now(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // a pipe is not even opened: that would wait for whoever writes
    is_regular(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    is_regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let why = format!("it has more than {}", size(limit));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

fn is_regular(facts: &std::fs::Metadata) -> io::Result<()> {
    if facts.is_file() {
        return Ok(());
    }
    let what = if facts.is_dir() { "it is a folder" } else { "it is no regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1024 / 1024),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_of_a_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, [b'x'; 1024]).unwrap();
        assert_eq!(read(&file, 1024).unwrap().len(), 1024);
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for (path, why) in [
            (&file, "it has more than 1023 bytes"),
            (&pipe, "it is no regular file"),
            (&link, "it is no regular file"),
            (&folder.path().to_owned(), "it is a folder"),
            (&folder.path().join("none"), "No such file"),
        ] {
            let error = read(path, 1023).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(read_text(&file, 8).unwrap_err().to_string(), "it is not UTF-8 text");
    }
}
