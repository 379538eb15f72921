//! The program a supervisor starts: found, given its environment, and nothing else of cco's.

#![expect(clippy::disallowed_methods, reason = "starts the program")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{AccessFlags, access};

use super::MARKER;
use super::record::{OsText, Spec};

/// The command of an order, with the reading ends of its standard output and standard error.
pub(super) fn prepare(spec: &mut Spec) -> io::Result<(Command, PipeReader, PipeReader)> {
    let env = std::mem::take(&mut spec.env).into_iter();
    let env: Vec<(OsString, OsString)> = env.map(|(name, value)| (name.into_os(), value.into_os())).collect();
    let cwd = PathBuf::from(std::mem::take(&mut spec.cwd).into_os());
    let mut argv = std::mem::take(&mut spec.argv).into_iter().map(OsText::into_os);
    let name = argv.next().ok_or_else(|| io::Error::other("the command is empty"))?;
    let (stdout, stdout_writer) = io::pipe()?;
    let (stderr, stderr_writer) = io::pipe()?;
    let mut command = Command::new(find(&name, &cwd, &env)?);
    command.arg0(&name).args(argv).current_dir(&cwd).process_group(0);
    command.env_clear().envs(env).env(MARKER, &spec.marker);
    command.stdin(
        spec.stdin.take().map_or_else(|| Ok(Stdio::null()), |path| File::open(path.into_os()).map(Stdio::from))?,
    );
    command.stdout(stdout_writer).stderr(stderr_writer);
    Ok((command, stdout, stderr))
}

/// Closes what the supervisor was started with beside its standard streams. Whoever started cco may have left
/// descriptors open (a build tool's pipes, a lock); a worker that inherits a lock would hold it after everybody else
/// is gone (`faults.md` A7). Called first, when nothing of ours is open yet.
pub(super) fn close_inherited() -> io::Result<()> {
    let open = fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // Collected before any is closed: the listing itself is one of them, and is gone by then.
    let inherited: Vec<i32> = open.filter(|fd| *fd > 2).collect();
    for fd in inherited {
        nix::unistd::close(fd).ok();
    }
    Ok(())
}

/// Looks a program up as `execvp` would, in the `PATH` it is given and not in ours.
fn find(name: &OsStr, cwd: &Path, env: &[(OsString, OsString)]) -> io::Result<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(name));
    }
    let path = env.iter().rfind(|(variable, _)| variable == "PATH").map(|(_, value)| value.as_os_str());
    let folders = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let is_program = |file: &PathBuf| file.is_file() && access(file, AccessFlags::X_OK).is_ok();
    let found = Vec::into_iter(folders).map(|folder: PathBuf| cwd.join(folder).join(name)).find(is_program);
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such program in PATH"))
}

/// When memory runs out, the kernel takes the program and not cco (`faults.md` B10). A kernel that forbids it is fine.
pub(super) fn prefer_as_victim(pid: u32) {
    let file = OpenOptions::new().write(true).open(format!("/proc/{pid}/oom_score_adj"));
    file.and_then(|mut file| file.write_all(b"500")).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_up_in_the_path_it_is_given() {
        let env = [("PATH".into(), "/nowhere:/bin:/usr/bin".into())];
        assert_eq!(find(OsStr::new("sh"), Path::new("/"), &env).unwrap(), Path::new("/bin/sh"));
        assert!(find(OsStr::new("sh"), Path::new("/"), &[]).is_err());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("plain"), "").unwrap();
        let env = [("PATH".into(), OsString::from(dir.path()))];
        assert!(find(OsStr::new("plain"), Path::new("/"), &env).is_err(), "a file without x is no program");
    }
}
